"""Who has stopped answering, a host or one repository of it, and when it is asked again.

Sends nothing and never waits: transport.py says how each exchange ended. A host that answers
badly, with 429 too, is none of this module's business: it answers.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from slimgate.core.errors import UnavailableError
from slimgate.engine.bounded import Bounded
from slimgate.registry.settings import RegistrySettings

_MAX_ROWS: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom a request is for; `via` is who chose that host, where no reference did.

    Hosts that a registry redirects to, or has tokens got from, are known for themselves by each
    that does, so that it can't have another's taken to be down.
    """

    origin: Hashable
    repository: str
    via: Hashable = None


@dataclass(slots=True)
class _Pause:
    until: float = 0.0
    probe: "Attempt | None" = None


@dataclass(slots=True)
class _Row:
    """Exchanges in a row without an answer, of a host or of one repository of it."""

    answers: int = 0
    length: int = 0
    cause: str = ""
    pause: _Pause = field(default_factory=_Pause)
    silent_pause: _Pause = field(default_factory=_Pause)
    """For repositories of a host that were silent themselves: they keep no other from asking."""

    def end(self) -> None:
        """Hear of an answer."""
        self.answers += 1
        self.length = 0
        self.pause, self.silent_pause = _Pause(), _Pause()


class _Watch:
    """A row, and how it was when an attempt began."""

    __slots__ = ("_answers", "_length", "row")

    def __init__(self, row: _Row) -> None:
        self.row = row
        self._answers = row.answers
        self._length = row.length

    def lengthen(self, cause: str, until: float, *, waited: bool) -> None:
        """Count one more, unless another one got an answer meanwhile."""
        if self.row.answers == self._answers:
            # Many that are cut off together, as when a registry restarts, make no row.
            length = self.row.length if waited else self._length
            self.row.length = max(self.row.length, length + 1)
            self.row.cause = cause
            self.row.pause.until = self.row.silent_pause.until = until


class Attempt:
    """One exchange that was let through; `with` it, so that it counts as over however it ends.

    One that is told nothing of, as when its caller was cancelled, says nothing of the host.
    """

    __slots__ = ("_breaker", "_chosen", "_host", "_pause", "_repository")

    def __init__(
        self,
        breaker: "Breaker",
        host: _Row,
        repository: _Row,
        chosen: _Row | None,
        pause: _Pause | None,
    ) -> None:
        self._breaker = breaker
        self._host = _Watch(host)
        self._repository = _Watch(repository)
        self._chosen = chosen
        self._pause = pause

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pause is not None and self._pause.probe is self:
            self._pause.probe = None

    def answered(self) -> None:
        """Hear that the host answered, whatever it said."""
        for row in (self._host.row, self._repository.row, self._chosen):
            if row is not None:
                row.end()

    def silent(self, cause: str, *, waited: bool, reached: bool) -> None:
        """Hear that no answer came, and why.

        `waited` says that the whole time-out went by, `reached` that the host took the request.
        If it did, perhaps only this repository is silent: of its silences in a row, the first
        alone counts against the host.
        """
        until = self._breaker.next_time()
        repeated = reached and self._repository.row.length > 0
        if reached:
            self._repository.lengthen(cause, until, waited=waited)
        if repeated:
            self._host.row.silent_pause.until = until
        else:
            self._host.lengthen(cause, until, waited=waited)


class Breaker:
    """Lets everything through until so many exchanges in a row ended without an answer.

    From then on requests fail at once: of one repository, or of all once as many of them are
    silent, or the host can't be reached. After a pause one at a time is let through, to see. Its
    silence starts the pause anew, and any answer, to whomever, ends it all.
    """

    def __init__(self, settings: RegistrySettings, clock: Callable[[], float]) -> None:
        self._after = settings.silent_requests
        self._seconds = settings.silent_seconds
        self._clock = clock
        self._hosts: Bounded[Asked, _Row] = Bounded(_MAX_ROWS)
        self._repositories: Bounded[Asked, _Row] = Bounded(_MAX_ROWS)

    def attempt(self, asked: Asked, name: str) -> Attempt:
        """Let a request through; UnavailableError, which calls the host `name`, if it is not to."""
        host = _row(self._hosts, _host(asked, asked.via))
        repository = _row(self._repositories, asked)
        chosen = self._hosts.get(_host(asked, None)) if asked.via is not None else None
        pause = self._pause(host, repository)
        attempt = Attempt(self, host, repository, chosen, pause)
        if pause is not None:
            if pause.probe is not None or self._clock() < pause.until:
                raise self._error(asked, host, repository, name)
            pause.probe = attempt
        return attempt

    def error(self, asked: Asked, name: str) -> UnavailableError | None:
        """Make the error of whoever has stopped answering; None of any other."""
        host = self._hosts.get(_host(asked, asked.via)) or _Row()
        repository = self._repositories.get(asked) or _Row()
        if self._pause(host, repository) is None:
            return None
        return self._error(asked, host, repository, name)

    def next_time(self) -> float:
        """Tell when to ask again after a silence that ends now."""
        return self._clock() + self._seconds

    def _pause(self, host: _Row, repository: _Row) -> _Pause | None:
        if self._is_open(host):
            return host.silent_pause if repository.length else host.pause
        return repository.pause if self._is_open(repository) else None

    def _is_open(self, row: _Row) -> bool:
        return row.length >= self._after and self._seconds > 0

    def _error(self, asked: Asked, host: _Row, repository: _Row, name: str) -> UnavailableError:
        is_host = self._is_open(host)
        what, it = ("", "") if is_host else (f" for {asked.repository}", " for it")
        return UnavailableError(
            # Without the time left: the text must not change with every look at it.
            f"{name} did not answer {self._after} requests in a row{what} "
            f"({host.cause if is_host else repository.cause}); "
            f"not asked{it} again for up to {self._seconds:g} s"
        )


def _host(asked: Asked, via: Hashable) -> Asked:
    return Asked(origin=asked.origin, repository="", via=via)


def _row(rows: Bounded[Asked, _Row], key: Asked) -> _Row:
    row = rows.get(key)
    if row is None:
        row = _Row()
        rows.put(key, row)
    return row
