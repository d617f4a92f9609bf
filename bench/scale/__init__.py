"""A cluster of made-up workloads, nodes and pods, and what the controller makes of it."""
