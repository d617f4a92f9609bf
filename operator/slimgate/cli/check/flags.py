"""Limits on the command line, as a policy: --max-pull and the like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import InvalidPolicyError, SettingsError
from slimgate.core.json_object import JsonObject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.policy_parser import GROUP, VERSION, parse_policy

FLAGS: Final = "flags"
"""The name of the policy that the flags make, as findings call it."""
_OPTIONS: Final[Mapping[str, str]] = {
    "spec.limits.pullSize": "--max-pull",
    "spec.limits.unpackedSize": "--max-unpacked",
    "spec.limits.layers": "--max-layers",
    "spec.bases.maxTier": "--max-tier",
}
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What they say, as text; None where one is not given."""

    pull: str | None = None
    unpacked: str | None = None
    layers: str | None = None
    tier: str | None = None

    def __bool__(self) -> bool:
        return any(text is not None for text in (self.pull, self.unpacked, self.layers, self.tier))

    def policy(self) -> Policy:
        """Make a policy that denies what is above; SettingsError names the flag at fault."""
        try:
            return parse_policy(self.resource())
        except InvalidPolicyError as err:
            option = next((o for path, o in _OPTIONS.items() if err.path.startswith(path)), "")
            why = str(err).removeprefix(f"{err.path}: ")
            raise SettingsError(f"{option}: {why}") from err

    def resource(self) -> JsonObject:
        """Write them as the SlimPolicy that they stand for."""
        sizes = {
            "pullSize": self.pull,
            "unpackedSize": self.unpacked,
            "layers": _count(self.layers),
        }
        limits = {name: {"deny": limit} for name, limit in sizes.items() if limit is not None}
        bases = {"maxTier": {"deny": self.tier}} if self.tier is not None else None
        spec = {
            "mode": "Enforce",
            **({"limits": limits} if limits else {}),
            **({"bases": bases} if bases else {}),
        }
        return {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "SlimPolicy",
            "metadata": {"name": FLAGS},
            "spec": spec,
        }


def _count(text: str | None) -> int | str | None:
    """Make a number of a text that is one, and leave the complaint to the policy's parser."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else text
