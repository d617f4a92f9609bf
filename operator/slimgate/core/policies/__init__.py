"""Policies, exceptions and base images as users write them, and what they make of a workload."""
