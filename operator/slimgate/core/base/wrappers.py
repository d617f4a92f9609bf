"""Commands that only call another one, which is what counts: `env`, `timeout`, `sh -c`."""

import re
from typing import Final

_WRAPPERS: Final = frozenset(
    {"env", "nice", "ionice", "nohup", "timeout", "eatmydata", "chronic", "retry", "stdbuf"}
)
# What stood before an option was `sudo`; or `command`, whose -v calls nothing.
_SUDO_OPTION: Final = re.compile(r"-(?![vV]$)")
_SHELL: Final = re.compile(r"(?:.*/)?(?:ba|da|a|z)?sh")
_SHELL_TEXT: Final = re.compile(r"-[a-z]{0,8}c")


def handed_to_shell(words: tuple[str, ...]) -> str:
    """Give the text that `sh -c` or `eval` is called with; empty for every other command."""
    if words[0] == "eval":
        return " ".join(words[1:])
    if not _SHELL.fullmatch(words[0]):
        return ""
    start = next((i for i, word in enumerate(words) if _SHELL_TEXT.fullmatch(word)), len(words))
    return " ".join(words[start + 1 :])


def unwrapped(words: tuple[str, ...], programs: frozenset[str]) -> tuple[str, ...]:
    """Take off what calls one of these programs: `env X=1 apt-get …`, `timeout 60 apt-get …`."""
    if words[0].rpartition("/")[2] not in _WRAPPERS and not _SUDO_OPTION.match(words[0]):
        return words
    start = next((i for i, word in enumerate(words) if word.rpartition("/")[2] in programs), 0)
    return words[start:]
