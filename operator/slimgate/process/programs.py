"""Programs of others, which hand out logins: what they may take, whatever they are about.

Blocking, for a thread. Nobody waits for what such a program has started itself: that may leave its
session, and hold its output open for ever.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Final

_LOOK_SECONDS: Final = 0.05
"""How often to see whether it has ended, or is not wanted any more."""
_CHUNK: Final = 2**16
_BURIALS: Final = 256
"""How many of those it has started are waited for, or looked for again."""


class ProgramError(Exception):
    """A program took too long or answered with too much, and was ended."""


class UnwantedError(Exception):
    """A program was ended because nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Seconds until it has ended, bytes that it may answer with."""

    seconds: float
    answer_bytes: int


def run_program(
    command: Sequence[str],
    question: bytes,
    bounds: Bounds,
    *,
    env: Mapping[str, str] | None = None,
    own_session: bool = False,
    is_unwanted: Callable[[], bool] = lambda: False,
) -> tuple[int, bytes]:
    """Run a program, ask it by its standard input, and return its status and answer.

    With a session of its own nothing that it starts outlives it, unless it leaves that; without one
    it may ask its user at the terminal. Raises ProgramError, UnwantedError, and OSError or
    ValueError where it can't be run.
    """
    process = Popen(
        command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=env,
        start_new_session=own_session,
        bufsize=0,
    )
    try:
        return _Talk(process, question, bounds, is_unwanted).to_its_end()
    finally:
        _end(process, with_group=own_session)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _end(process: Popen[bytes], *, with_group: bool) -> None:
    """Kill it; in a container, what it has started becomes this process's own, to be waited for."""
    if with_group:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    if not with_group:
        return
    with suppress(ChildProcessError):
        for _ in range(_BURIALS):
            if os.waitpid(-process.pid, os.WNOHANG) == (0, 0):
                time.sleep(_LOOK_SECONDS / 10)


class _Talk:
    def __init__(
        self,
        process: Popen[bytes],
        question: bytes,
        bounds: Bounds,
        is_unwanted: Callable[[], bool],
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._asking: IO[bytes] = process.stdin
        self._answering: IO[bytes] = process.stdout
        self._question = question
        self._bounds = bounds
        self._until = time.monotonic() + bounds.seconds
        self._is_unwanted = is_unwanted
        self._answer = bytearray()

    def to_its_end(self) -> tuple[int, bytes]:
        """Ask, and listen until it has ended or says no more."""
        for pipe in (self._asking, self._answering):
            os.set_blocking(pipe.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._asking, selectors.EVENT_WRITE)
            selector.register(self._answering, selectors.EVENT_READ)
            while selector.get_map():
                self._check()
                has_ended = self._process.poll() is not None
                events = selector.select(0 if has_ended else _LOOK_SECONDS)
                for key, _ in events:
                    pipe = self._asking if key.fileobj is self._asking else self._answering
                    if not (self._ask() if pipe is self._asking else self._listen()):
                        selector.unregister(pipe)
                        pipe.close()
                if has_ended and not events:
                    break  # what it has started may still have its pipes
        while (status := self._process.poll()) is None:
            self._check()
            time.sleep(_LOOK_SECONDS)
        return status, bytes(self._answer)

    def _check(self) -> None:
        if self._is_unwanted():
            raise UnwantedError
        if time.monotonic() > self._until:
            raise ProgramError(f"it took longer than {self._bounds.seconds:g} s")

    def _ask(self) -> bool:
        """Write more of the question; False once there is no more, or nobody reads it."""
        try:
            self._question = self._question[os.write(self._asking.fileno(), self._question) :]
        except BlockingIOError:
            return True
        except OSError:
            return False  # one that knows its answer need not read the question
        return bool(self._question)

    def _listen(self) -> bool:
        """Read more of the answer; False at its end."""
        try:
            chunk = os.read(self._answering.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        self._answer += chunk
        if len(self._answer) > self._bounds.answer_bytes:
            raise ProgramError(f"it answered with more than {self._bounds.answer_bytes} bytes")
        return bool(chunk)
