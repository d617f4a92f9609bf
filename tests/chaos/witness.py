"""Asks for the same admissions all the time, and remembers what came of it."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from tests.live.api import Json
from tests.live.hook import PATH, Hook, review

TIMEOUT_SECONDS: Final = 5
"""Of the shipped configuration: the API server goes on without an answer that comes later."""
_PAUSE_SECONDS: Final = 0.05


@dataclass(kw_only=True)
class Witness:
    """Asks the webhook itself in a thread; where there is none, nothing is admitted by it."""

    hook: Hook
    fat: Json
    slim: Json
    answered: int = 0
    slowest: float = 0.0
    """Seconds that an answer has taken."""
    admitted: int = 0
    """How often the fat one was admitted."""
    refused: int = 0
    """How often the slim one was refused."""
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Forget what was seen."""
        self.answered = self.admitted = self.refused = 0
        self.slowest = 0.0

    def close(self) -> None:
        """Ask no more."""
        self._end.set()
        self._thread.join(timeout=2 * TIMEOUT_SECONDS)

    def _run(self) -> None:
        while not self._end.wait(_PAUSE_SECONDS):
            for obj in (self.fat, self.slim):
                began = time.monotonic()
                try:
                    allowed = self._ask(obj)
                except TimeoutError:
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    continue
                except (OSError, http.client.HTTPException):
                    continue
                self.answered += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.admitted += allowed and obj is self.fat
                self.refused += not allowed and obj is self.slim

    def _ask(self, obj: Json) -> bool:
        connection = http.client.HTTPSConnection(
            self.hook.host, self.hook.port, context=self.hook.context, timeout=2 * TIMEOUT_SECONDS
        )
        try:
            sent = json.dumps(review(obj)).encode()
            where = f"{PATH}?timeout={TIMEOUT_SECONDS}s"
            connection.request("POST", where, sent, {"Content-Type": "application/json"})
            return bool(json.loads(connection.getresponse().read())["response"]["allowed"])
        finally:
            connection.close()
