"""Numbers as Grafana writes them in the units that the dashboards use."""

import math
from typing import Final

_STEP: Final = 1024.0
_THOUSAND: Final = 1000.0
_TIMES: Final = (
    (31_536_000, "years"), (604_800, "weeks"), (86_400, "days"), (3_600, "hours"), (60, "mins"),
    (1, "s"), (1e-3, "ms"),
)  # fmt: skip


def shown(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a number in one of Grafana's units."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf"
    if unit in _SUFFIXES:
        factor, suffix = _SUFFIXES[unit]
        return f"{_short(value * factor)}{suffix}"
    if unit in _WRITERS:
        return _WRITERS[unit](value)
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return _scaled(value, _THOUSAND, ("", "K", "Mil", "Bil")).strip()


def _short(value: float) -> str:
    """Write three figures, as Grafana does without decimals set."""
    digits = f"{value:.3g}"
    return f"{value:.0f}" if "e+" in digits or abs(value) >= _THOUSAND else digits


def _scaled(value: float, step: float, names: tuple[str, ...]) -> str:
    for name in names[:-1]:
        if abs(value) < step:
            return f"{_short(value)} {name}"
        value /= step
    return f"{_short(value)} {names[-1]}"


def _seconds(value: float) -> str:
    size = abs(value)
    fits = (one for one in _TIMES if size >= one[0])
    factor, name = next(fits, (1e-6, "µs")) if size else (1, "s")
    return f"{_short(value / factor)} {name}"


_SUFFIXES: Final = {
    "percentunit": (100, "%"),
    "ops": (1, " ops/s"),
    "opm": (1, " ops/m"),
    "reqps": (1, " req/s"),
}
_WRITERS: Final = {
    "bytes": lambda value: _scaled(value, _STEP, ("B", "KiB", "MiB", "GiB", "TiB")),
    "s": _seconds,
}
