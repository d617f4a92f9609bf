"""What runs images."""
