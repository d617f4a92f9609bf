"""Attacks on the real roles, and what becomes of them and of an honest namespace meanwhile."""
