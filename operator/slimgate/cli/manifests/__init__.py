"""Manifests as users keep them: files, folders and standard input, read with their lines."""
