"""Layers as they are stored: compression, its ends, and the paths in a tar."""
