"""The webhook role: an admission server that answers from cache and writes nothing."""
