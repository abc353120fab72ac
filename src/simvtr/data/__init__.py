"""Data in and out: videos, annotated data sets, clips for training, and synthetic data (floor 4)."""
