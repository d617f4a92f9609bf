"""Logins: whose they are, how they are written down, and which a registry wants."""
