"""What users read of verdicts, and the forms it takes."""
