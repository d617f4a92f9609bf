"""Admission reviews, and what they are answered."""
