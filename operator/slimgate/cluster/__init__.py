"""Kubernetes I/O that kopf does not do: reading, mirroring and writing objects."""
