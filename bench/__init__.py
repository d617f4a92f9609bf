"""Measures the webhook beside one that does nothing: `python -m bench`."""
