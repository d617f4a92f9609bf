"""slimgate keeps the container images of a Kubernetes cluster slim."""
