"""The report as one page for a browser: its script and style, and how they are put together."""
