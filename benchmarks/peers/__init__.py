"""What SimVTR is compared with: a rule without learning, and an outside detector; both linked frame by frame."""
