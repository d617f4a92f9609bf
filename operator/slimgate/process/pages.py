"""How much of a listing is read at once.

Whoever may make objects decides how large each is: up to 1.5 MB, and six times that as JSON, where
all of it is `<`. 200 of them, which a page had, are more than the controller's memory.
"""

from typing import Final

PAGE_BYTES: Final = 4 * 2**20
"""Of a page of more than one object: of usual ones, a thousand. Parsed it takes some times that."""
_FEWER: Final = 8


def fewer(limit: int) -> int | None:
    """Say of how many objects a page may be where one of so many was too large; None if of none."""
    return None if limit <= 1 else max(limit // _FEWER, 1)
