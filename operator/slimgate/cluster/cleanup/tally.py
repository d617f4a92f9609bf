"""What a clean-up has removed, and what it could not."""

from collections import Counter
from collections.abc import Callable

from slimgate.core.errors import ClusterError


class CleanupTally:
    """Counts by name, and says each thing once; `say` prints a line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.removed: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        """Sentences about what remains, and how often each was met."""
        self._say = say

    def did(self, what: str) -> None:
        """Hear of a step that there is one of."""
        self._say(what)

    def counted(self, what: str, number: int) -> None:
        """Hear how many of a kind were removed, in one pass."""
        if number:
            self.removed[what] += number
            self._say(f"{what}: {number}")

    def failed(self, what: str, error: ClusterError | str) -> None:
        """Hear of what remains, and why."""
        self.problems[f"{what}: {error}"] += 1
