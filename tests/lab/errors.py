"""The lab's only expected failure."""


class LabError(Exception):
    """Something the user can act on: one clear line that says what to do."""
