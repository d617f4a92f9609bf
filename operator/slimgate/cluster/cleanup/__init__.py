"""Removes what slimgate has written into a cluster, for when it is uninstalled."""
