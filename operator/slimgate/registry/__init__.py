"""The registry client: asks registries for documents and layers, trusting nothing."""
