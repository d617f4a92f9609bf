"""What `slimgate check` found, in the forms that people and other programs read."""
