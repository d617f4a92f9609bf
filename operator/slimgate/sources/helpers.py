"""Docker's credential helpers: programs that hand out the login for a registry.

https://github.com/docker/docker-credential-helpers#development; blocking, for a thread.
"""

import json
import subprocess
from contextlib import suppress
from signal import SIGKILL
from threading import Timer
from typing import Final

from slimgate.core.credentials.identity import Credential
from slimgate.core.errors import SlimgateError
from slimgate.core.text import printable

_NOT_FOUND: Final = b"credentials not found in native keychain"
_TOKEN_USER: Final = "<token>"  # noqa: S105 - what helpers put for the name of a token's user
_MAX_ANSWER: Final = 256 * 1024
_SECONDS: Final = 60.0
"""Some helpers ask their cloud for a token, none needs a minute."""


class HelperError(SlimgateError):
    """A helper is not there, failed, or answered with something else than a login."""


class MissingHelperError(HelperError):
    """There is no such program."""


def ask(name: str, server: str) -> Credential | None:
    """Ask a helper for the login of a server; None if it knows none."""
    program = f"docker-credential-{name}"
    shown = printable(program, 128)
    status, answer = _run(program, server)
    if status == -SIGKILL:
        raise HelperError(f"{shown} took longer than {_SECONDS:.0f} s, or answered with too much")
    if status and _NOT_FOUND in answer:
        return None
    if status:
        said = printable(answer.decode(errors="replace").strip(), 200)
        raise HelperError(f"{shown} ended with status {status}: {said}")
    user, secret = _parsed(answer)
    if not isinstance(user, str) or not isinstance(secret, str):
        raise HelperError(f"{shown} did not answer with a login")
    if user == _TOKEN_USER:
        return Credential(identity_token=secret)
    return Credential(username=user, password=secret)


def _parsed(answer: bytes) -> tuple[object, object]:
    try:
        login = json.loads(answer)
    except (ValueError, RecursionError):
        login = None
    found = login if isinstance(login, dict) else {}
    return found.get("Username"), found.get("Secret")


def _run(program: str, server: str) -> tuple[int, bytes]:
    try:
        process = subprocess.Popen(
            [program, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        shown = printable(program, 128)
        raise MissingHelperError(f"{shown} is not installed, or not on PATH") from error
    assert process.stdin is not None
    assert process.stdout is not None
    late = Timer(_SECONDS, process.kill)
    late.daemon = True
    late.start()
    with process:
        # One that fails at once does not wait for the question.
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(server.encode())
        answer = process.stdout.read(_MAX_ANSWER + 1)
        if len(answer) > _MAX_ANSWER:
            process.kill()
    late.cancel()
    return process.returncode, answer
