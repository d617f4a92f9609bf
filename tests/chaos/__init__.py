"""What must hold after whatever happens to slimgate and to all that it depends on."""
