"""A real Kubernetes, registry and Docker engine on this machine: `python -m tests.lab up`."""
