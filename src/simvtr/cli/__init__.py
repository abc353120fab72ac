"""The commands a user types: one file a verb, each with `add_arguments` and `run`."""
