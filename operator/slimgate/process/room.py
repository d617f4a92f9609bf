"""Whom to close where there are too many connections."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from itertools import groupby
from operator import attrgetter
from typing import Final

from aiohttp.web import RequestHandler

from slimgate.process.connection import Connection

_GRACE_SECONDS: Final = 0.25
_AT_ONCE: Final = 8
"""So many are chosen together: it takes as long as for one, and a flood asks for many."""
_STAND_SECONDS: Final = 0.05
_SINCE: Final = attrgetter("since")


class Room:
    """Chooses among the connections of a port, which it is shown as they are."""

    def __init__(self, connections: Mapping[RequestHandler, Connection]) -> None:
        self._connections = connections
        self._chosen: list[Connection] = []
        self._at = 0.0

    def least_missed(self, now: float) -> Connection | None:
        """Choose what to close; None if all are being answered."""
        if now - self._at > _STAND_SECONDS:
            self._chosen.clear()
        while self._chosen:
            if self._is_missed_still(one := self._chosen.pop()):
                return one
        self._chosen, self._at = least_missed(self._connections.values(), now), now
        return self._chosen.pop() if self._chosen else None

    def _is_missed_still(self, one: Connection) -> bool:
        has_changed = one.is_under_way or one.since > self._at
        return one.handler in self._connections and not has_changed


def least_missed(connections: Iterable[Connection], now: float) -> list[Connection]:
    """Choose what to close first where there are too many; none if all are being answered.

    It is of the address that has most, so that nobody's flood closes another's. Of these it is
    the one that has waited longest to ask for anything, or the newest while none had time for a
    handshake. Where most have asked, it is the one that is idle longest: whoever keeps idle ones
    could else let no new one come to its request. The last of the few that are returned is closed
    first.
    """
    crowds = defaultdict[str, list[Connection]](list)
    for one in connections:
        crowds[one.peer].append(one)
    for _, equal in groupby(sorted(crowds.values(), key=len, reverse=True), key=len):
        if waiting := [one for crowd in equal for one in crowd if not one.is_under_way]:
            return _of(waiting, now)
    return []


def _of(crowd: Sequence[Connection], now: float) -> list[Connection]:
    kept = [one for one in crowd if one.asked]
    if 2 * len(kept) >= len(crowd):
        return nsmallest(_AT_ONCE, kept, key=_SINCE)[::-1]
    fresh = [one for one in crowd if not one.asked]
    had_time = [one for one in fresh if now - one.since >= _GRACE_SECONDS]
    return nsmallest(_AT_ONCE, had_time, key=_SINCE)[::-1] or [max(fresh, key=_SINCE)]
