"""Rights as the chart renders them: each rule, and the comment above it as its reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

_KINDS: Final = ("Role", "ClusterRole")
_RULE: Final = re.compile(r"^  - apiGroups:")
_COMMENT: Final = "  # "


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One rule of one role."""

    role: str
    scope: str
    verbs: str
    resources: str
    why: str


def read_rights(rendered: str) -> Iterator[Right]:
    """Yield the rights of all roles, in their order."""
    for text in re.split(r"^---$", rendered, flags=re.MULTILINE):
        found = yaml.safe_load(text)
        if found and found["kind"] in _KINDS:
            reasons = list(_reasons(text))
            for rule, why in zip(found["rules"], reasons, strict=True):
                yield _right(found, rule, why)


def _reasons(text: str) -> Iterator[str]:
    """Yield the comment above each rule; empty where there is none."""
    words: list[str] = []
    for line in text.splitlines():
        if line.startswith(_COMMENT):
            words.append(line.removeprefix(_COMMENT))
        else:
            if _RULE.match(line):
                yield " ".join(words)
            words = []


def _right(role: dict[str, Any], rule: dict[str, Any], why: str) -> Right:
    namespace = role["metadata"].get("namespace")
    resources = [
        f"`{resource}.{group}`" if group else f"`{resource}`"
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    ]
    names = [f"`{name}`" for name in rule.get("resourceNames", ())]
    return Right(
        role=role["metadata"]["name"],
        scope=f"namespace `{namespace}`" if namespace else "cluster",
        verbs=", ".join(rule["verbs"]),
        resources=", ".join(resources) + (f" named {', '.join(names)}" if names else ""),
        why=why,
    )
