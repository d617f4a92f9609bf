"""Judging manifests as the webhook judges admissions, by the same core."""
