"""The files that settings name: those that can't be read are found when slimgate starts."""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from slimgate.core.text import printable
from slimgate.settings.faults import InvalidSettingsError
from slimgate.settings.model import Settings

CLIENT_CA: Final = "clientCAFile"
DEFAULT_POLICY: Final = "defaultPolicyFile"
ROLES_OWN: Final = frozenset({CLIENT_CA, DEFAULT_POLICY})
"""Keys of files that one role alone reads."""


def check_files(settings: Settings, own: Collection[str]) -> None:
    """Raise InvalidSettingsError with a line for each file that can't be read.

    Of `ROLES_OWN` only those of `own` are looked at: others need not be where this program runs.
    """
    folder = settings.credential_provider_bin_dir
    folders = {} if folder is None else {"credentialProviderBinDir": folder}
    named = named_files(settings)
    files = {key: name for key, name in named.items() if key not in ROLES_OWN or key in own}
    lines = [
        *_unreadable(files, "file", os.R_OK),
        *_unreadable(folders, "folder", os.R_OK | os.X_OK),
    ]
    if lines:
        raise InvalidSettingsError(lines)


def named_files(settings: Settings) -> Mapping[str, str]:
    """Return the files that settings name, by their keys."""
    found = {
        "dockerConfig": settings.docker_config,
        "credentialProviderConfig": settings.credential_provider_config,
        **{
            f"registries[{i}].caFile": one.ca_file
            for i, one in enumerate(settings.registries.values())
        },
        CLIENT_CA: settings.client_ca_file,
        DEFAULT_POLICY: settings.default_policy_file,
    }
    return {key: name for key, name in found.items() if name is not None}


def _unreadable(named: Mapping[str, str], kind: str, rights: int) -> Iterator[str]:
    for key, name in named.items():
        if why := _fault(name, kind, rights):
            yield (
                f"{key}: {printable(name, 128)} can't be read, since {why}: name a {kind} that is "
                "there, or leave it out"
            )


def _fault(name: str, kind: str, rights: int) -> str | None:
    try:
        is_folder = stat.S_ISDIR(Path(name).stat().st_mode)
    except (OSError, ValueError) as error:
        return (isinstance(error, OSError) and error.strerror) or "it is not the name of a file"
    if is_folder != (kind == "folder"):
        return "it is a folder" if is_folder else "it is not a folder"
    return None if os.access(name, rights) else "it may not be read"
