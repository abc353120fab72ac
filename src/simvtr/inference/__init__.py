"""Inference: windows of any length over a video of any length, identities, and drawing."""
