"""What all of an image's RUNs together may cost to read: their author chooses what they say."""

from dataclasses import dataclass
from typing import Final

MAX_EXPANDED: Final = 16_384
"""Characters that variables come to; what is beyond stays as written.

Of 80 real images the most is 1,320.
"""
_MAX_INLINED: Final = 8_192
"""Tokens that functions come to; calls of those beyond stay as they are written."""
_MAX_COMMANDS: Final = 4_096
"""Commands; the longest history of 100 real images has 7,261 characters."""


@dataclass(slots=True)
class Budget:
    """How much is left of each; `spent` says that something stayed unread."""

    characters: int = MAX_EXPANDED
    inlined: int = _MAX_INLINED
    commands: int = _MAX_COMMANDS
    spent: bool = False

    def take_command(self) -> bool:
        """Whether one more may be read."""
        self.commands -= 1
        self.spent = self.spent or self.commands < 0
        return self.commands >= 0

    def take_body(self, tokens: int) -> bool:
        """Whether a function of so many tokens may be put in the place of a call."""
        # A call costs something, too, and an empty body is one.
        if tokens >= self.inlined:
            self.spent = True
            return False
        self.inlined -= tokens + 1
        return True
