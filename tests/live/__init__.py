"""slimgate's two roles, as processes, against the lab. A package, so that they end with it."""
