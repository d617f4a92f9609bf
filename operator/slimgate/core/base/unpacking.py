"""Where `tar` and `unzip` put what they unpack, where it is moved, and what `rm` removes."""

import posixpath
from typing import Final

_FOLDER: Final = frozenset({"-C", "--directory", "-d", "--one-top-level"})
_VALUED: Final = frozenset({"-f", "--file", "--strip-components", "--exclude", "-I", *_FOLDER})


def unpacked_in(words: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Name the folder that is unpacked into, None if it is the current one, and the members.

    No members means all of them.
    """
    place: str | None = None
    members: list[str] = []
    archive = words[0].endswith("unzip")
    rest = list(words[1:])
    if rest and not rest[0].startswith("-") and not archive:
        rest[0] = f"-{rest[0]}"  # `tar xf`
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in _FOLDER:
            place = value if equals else rest.pop(0) if rest else None
        elif word in _VALUED or _takes_file(word):
            del rest[:1]
        elif not word.startswith(("-", ">", "<")):
            members.append(word)
    return place, tuple(members[1:] if archive else members)


def moved_to(words: tuple[str, ...], place: str | None) -> str | None:
    """Name where `mv` or `cp` brings what was unpacked; None if it is not seen to be that."""
    *sources, target = words[0], *(word for word in words[1:] if not word.startswith("-"))
    if place is None:
        return None
    inside = (not one.startswith("/") or covers(place, one) for one in sources[1:])
    return target if any(inside) else None


def removed_by(words: tuple[str, ...]) -> tuple[str, ...]:
    """Name what `rm` removes."""
    return tuple(word for word in words[1:] if not word.startswith("-"))


def covers(target: str, place: str) -> bool:
    """Whether a removal of this target removes a folder or all that lies in it."""
    removed = posixpath.normpath(target.removesuffix("*") or "/")
    kept = posixpath.normpath(place)
    return removed not in {".", "/"} and (removed == kept or kept.startswith(f"{removed}/"))


def _takes_file(word: str) -> bool:
    """Whether a cluster of options ends with the one that takes the archive: `-xzf`."""
    return word.startswith("-") and not word.startswith("--") and word.endswith("f")
