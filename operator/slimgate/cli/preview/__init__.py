"""What a policy would do in a cluster as it runs now."""
