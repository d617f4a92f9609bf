"""The webhook's certificate: made, stored, trusted by the API server, and mended when damaged."""
