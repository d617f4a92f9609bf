"""Patterns that users write: globs over names and references, and label selectors."""
