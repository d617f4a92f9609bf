"""IP addresses as patterns, for readers of JSON Schema to whom `format` is only a remark."""

from typing import Final

_BYTE: Final = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_WORD: Final = "[0-9A-Fa-f]{1,4}"
_GROUPS: Final = 8

IPV4: Final = rf"{_BYTE}(\.{_BYTE}){{3}}"


def _shortened(before: int) -> str:
    """Write what has so many groups before `::`, which stands for one group at least."""
    left = f"{_WORD}(:{_WORD}){{{before - 1}}}" if before else ""
    after = _GROUPS - 1 - before
    tails = [f"{_WORD}(:{_WORD}){{0,{after - 1}}}"] if after else []
    # An IPv4 address at the end is two groups.
    tails += [f"({_WORD}:){{0,{after - 2}}}{IPV4}"] if after > 1 else []
    return f"{left}::({'|'.join(tails)})?" if tails else f"{left}::"


IPV6: Final = "|".join(
    [
        f"({_WORD}:){{{_GROUPS - 1}}}{_WORD}",
        f"({_WORD}:){{{_GROUPS - 2}}}{IPV4}",
        *map(_shortened, range(_GROUPS)),
    ]
)
