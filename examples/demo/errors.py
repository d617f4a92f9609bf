"""What stops the demo."""


class DemoError(Exception):
    """One line that says what failed and where to look."""
