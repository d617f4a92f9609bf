"""Which hosts have stopped answering, and when one of them is asked again.

Sends nothing and never waits: transport.py says how each exchange ended. A host that answers
badly, with 429 too, is none of this module's business: it answers.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from slimgate.core.errors import UnavailableError
from slimgate.engine.bounded import Bounded
from slimgate.registry.settings import RegistrySettings

_MAX_HOSTS: Final = 4_096


@dataclass(slots=True)
class _Host:
    answers: int = 0
    silent: int = 0
    """How long the row of exchanges without an answer is."""
    cause: str = ""
    until: float = 0.0
    probe: "Attempt | None" = None


class Attempt:
    """One exchange that was let through; `with` it, so that it counts as over however it ends.

    One that is told nothing of, as when its caller was cancelled, says nothing of the host.
    """

    __slots__ = ("_answers", "_breaker", "_host", "_row")

    def __init__(self, breaker: "Breaker", host: _Host) -> None:
        self._breaker = breaker
        self._host = host
        self._answers = host.answers
        self._row = host.silent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._host.probe is self:
            self._host.probe = None

    def answered(self) -> None:
        """Hear that the host answered, whatever it said."""
        self._host.answers += 1
        self._host.silent = 0
        self._host.probe = None

    def silent(self, cause: str, *, waited: bool) -> None:
        """Hear that no answer came, and why; `waited` if all of its time went by for one.

        It does not count if another one got an answer meanwhile: then the host is up.
        """
        if self._host.answers == self._answers:
            # Many that are cut off together, as when a registry restarts, make no row.
            row = self._host.silent if waited else self._row
            self._breaker.count(self._host, row + 1, cause)


class Breaker:
    """Lets everything through to a host until so many exchanges in a row ended without an answer.

    From then on requests fail at once; after a pause one at a time is let through, to see. Its
    silence starts the pause anew, and any answer, to whomever, ends it all.
    """

    def __init__(self, settings: RegistrySettings, clock: Callable[[], float]) -> None:
        self._after = settings.silent_requests
        self._pause = settings.silent_seconds
        self._clock = clock
        self._hosts: Bounded[Hashable, _Host] = Bounded(_MAX_HOSTS)

    def attempt(self, key: Hashable, name: str) -> Attempt:
        """Let a request through; UnavailableError, which calls the host `name`, if it is not to."""
        host = self._hosts.get(key)
        if host is None:
            host = _Host()
            self._hosts.put(key, host)
        attempt = Attempt(self, host)
        if self._is_open(host):
            if host.probe is not None or self._clock() < host.until:
                raise self._error(host, name)
            host.probe = attempt
        return attempt

    def error(self, key: Hashable, name: str) -> UnavailableError | None:
        """Make the error of a host that has stopped answering; None of any other."""
        host = self._hosts.get(key)
        return self._error(host, name) if host is not None and self._is_open(host) else None

    def count(self, host: _Host, row: int, cause: str) -> None:
        """Hear how long a host's row has become, at the least."""
        host.silent = max(host.silent, row)
        host.cause = cause
        host.until = self._clock() + self._pause

    def _is_open(self, host: _Host) -> bool:
        return host.silent >= self._after and self._pause > 0

    def _error(self, host: _Host, name: str) -> UnavailableError:
        return UnavailableError(
            # Without the time left: the text must not change with every look at it.
            f"{name} did not answer {self._after} requests in a row ({host.cause}); "
            f"not asked again for up to {self._pause:g} s"
        )
