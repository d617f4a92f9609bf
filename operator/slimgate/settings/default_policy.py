"""Reads the file with the policy that a cluster begins with."""

from pathlib import Path
from typing import Final, cast

import yaml

from slimgate.core.errors import SettingsError
from slimgate.core.json_object import JsonObject
from slimgate.core.text import printable
from slimgate.settings import Settings

_MAX_BYTES: Final = 64 * 1024


def read_default_policy(settings: Settings) -> JsonObject | None:
    """Return the policy, None if settings name no file; SettingsError if it can't be used."""
    name = settings.default_policy_file
    if name is None:
        return None
    try:
        found = _read(Path(name))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise _error(name, str(error)) from error
    if not isinstance(found, dict) or found.get("kind") != "SlimPolicy":
        raise _error(name, "it is not a SlimPolicy")
    return cast("JsonObject", found)


def _read(path: Path) -> object:
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"it has more than {_MAX_BYTES // 1024} KiB")
    found: object = yaml.safe_load(content)
    return found


def _error(name: str, why: str) -> SettingsError:
    reason = printable(" ".join(why.split()), 300)
    return SettingsError(f"defaultPolicyFile: {printable(name, 128)} can't be used: {reason}")
