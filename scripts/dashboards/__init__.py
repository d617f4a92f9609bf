"""Grafana dashboards and Prometheus rules as code, for the chart."""
