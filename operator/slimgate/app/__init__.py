"""The composition root: makes the parts of each role and puts them together."""
