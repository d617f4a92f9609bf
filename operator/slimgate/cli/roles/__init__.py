"""The roles of slimgate as a cluster runs them, and what its chart asks of them."""
