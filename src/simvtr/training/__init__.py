"""Training: matcher, losses, optimizer, checkpoints and the loop."""
