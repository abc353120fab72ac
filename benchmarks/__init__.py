"""Every figure that the project states about itself, each by one command. See README.md beside this file."""
