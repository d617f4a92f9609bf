"""Docker's credential helpers: programs that hand out the login for a registry.

https://github.com/docker/docker-credential-helpers#development; blocking, for a thread.
"""

import json
from collections.abc import Callable
from typing import Final

from slimgate.core.credentials.identity import Credential
from slimgate.core.errors import SlimgateError
from slimgate.core.text import printable, whole
from slimgate.process.programs import Bounds, ProgramError, run_program

_NOT_FOUND: Final = b"credentials not found in native keychain"
_TOKEN_USER: Final = "<token>"  # noqa: S105 - what helpers put for the name of a token's user
_SECRET: Final = "Secret"  # noqa: S105 - the name of the field
_MAX_ANSWER: Final = 256 * 1024
_SECONDS: Final = 60.0
"""Some helpers ask their cloud for a token, none needs a minute."""


class HelperError(SlimgateError):
    """A helper is not there, failed, or answered with something else than a login."""


class MissingHelperError(HelperError):
    """There is no such program."""


def ask(
    name: str, server: str, is_unwanted: Callable[[], bool] = lambda: False
) -> Credential | None:
    """Ask a helper for the login of a server; None if it knows none."""
    program = f"docker-credential-{name}"
    shown = printable(program, 128)
    status, answer = _run(program, server, is_unwanted)
    if status and _NOT_FOUND in answer:
        return None
    if status:
        raise HelperError(f"{shown} ended with status {status}{_said(answer)}")
    user, secret = _parsed(answer)
    if not isinstance(user, str) or not isinstance(secret, str):
        raise HelperError(f"{shown} did not answer with a login")
    user, secret = whole(user), whole(secret)
    if user == _TOKEN_USER:
        return Credential(identity_token=secret)
    return Credential(username=user, password=secret)


def _said(answer: bytes) -> str:
    """Quote what it wrote instead of a login, but never a login: reports go to many."""
    text = answer.decode(errors="replace").strip()
    return "" if not text or _SECRET in text else f": {printable(text, 200)}"


def _parsed(answer: bytes) -> tuple[object, object]:
    try:
        login = json.loads(answer)
    except (ValueError, RecursionError):
        login = None
    found = login if isinstance(login, dict) else {}
    return found.get("Username"), found.get(_SECRET)


def _run(program: str, server: str, is_unwanted: Callable[[], bool]) -> tuple[int, bytes]:
    shown = printable(program, 128)
    bounds = Bounds(seconds=_SECONDS, answer_bytes=_MAX_ANSWER)
    try:
        return run_program([program, "get"], server.encode(), bounds, is_unwanted=is_unwanted)
    except ProgramError as error:
        raise HelperError(f"{shown} was ended, since {error}") from error
    except (OSError, ValueError) as error:
        raise MissingHelperError(f"{shown} is not installed, or not on PATH") from error
