"""Images from elsewhere than a registry: the Docker engine, OCI layouts, archives of both kinds.

Only the CLI uses these. Nothing is ever extracted: bytes are counted, hashed and forgotten.
"""
