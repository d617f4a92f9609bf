"""What is written from the chart: its schema, README and CRDs, and manifests/install.yaml."""
