"""Keeps the number of series bounded where others choose what labels say.

What is beyond a bound is counted together under OTHER, so that sums stay whole.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from slimgate.core.text import printable

OTHER: Final = "_other"
"""No host, namespace or policy can be called so: an underscore begins no such name.

OpenTelemetry gives what it does not know the same name, `_OTHER`.
"""
MAX_REGISTRIES: Final = 50
MAX_POLICIES: Final = 100
MAX_NAMESPACES: Final = 500
MAX_PLACES: Final = 1_000
"""Pairs of a policy and a namespace."""

K = TypeVar("K", str, tuple[str, ...])
V = TypeVar("V")
_MAX_CHARACTERS: Final = 256
"""Of one label: longer references are cut. Kubernetes' own names are shorter."""


class Hosts:
    """Gives the first hosts that really answer a label value of their own.

    Anyone who may create a pod can make up the name of a registry.
    """

    def __init__(self, limit: int = MAX_REGISTRIES) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def label(self, host: str, *, answers: bool) -> str:
        """Return the host, or OTHER for one that never answered or came too late."""
        if host in self._known:
            return host
        if not answers or len(self._known) >= self._limit:
            return OTHER
        self._known.add(host)
        return host


class Places:
    """Gives the first pairs of a policy and a namespace series of their own.

    Namespaces beyond them are counted together for each policy. What has a series keeps it for as
    long as there is the policy: a counter that moved would look as if it had counted.
    """

    def __init__(self, limit: int = MAX_PLACES, policies: int = MAX_POLICIES) -> None:
        self._limit = limit
        self._max_policies = policies
        self._policies: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()

    def labels(self, policy: str, namespace: str) -> tuple[str, str]:
        """Return the pair, or what stands for it."""
        pair = policy, namespace
        if pair in self._pairs:
            return pair
        if policy not in self._policies:
            if len(self._policies) >= self._max_policies:
                return OTHER, OTHER
            self._policies.add(policy)
        if len(self._pairs) >= self._limit:
            return policy, OTHER
        self._pairs.add(pair)
        return pair

    def keep(self, policies: Collection[str]) -> frozenset[tuple[str, str]]:
        """Give the places of all other policies back; return what was or may have been in them."""
        gone = self._policies.difference(policies)
        pairs = {pair for pair in self._pairs if pair[0] in gone}
        self._policies -= gone
        self._pairs -= pairs
        return frozenset(pairs | {(policy, OTHER) for policy in gone})


def largest(sizes: Mapping[K, int], limit: int) -> frozenset[K]:
    """Choose the keys that get series of their own: the largest, by name where they are alike."""
    return frozenset(sorted(sizes, key=lambda key: (-sizes[key], key))[:limit])


def folded(
    parts: Mapping[tuple[str, ...], V],
    named: Collection[tuple[str, ...]],
    add: Callable[[V, V], V],
) -> dict[tuple[str, ...], V]:
    """Show the named ones by themselves, and all others together under OTHER.

    Names that are alike as far as they are shown, or OTHER itself, are added up.
    """
    shown: dict[tuple[str, ...], V] = {}
    for key in (*sorted(named), *(key for key in parts if key not in named)):
        label = tuple(map(short, key)) if key in named else (OTHER,) * len(key)
        shown[label] = add(shown[label], parts[key]) if label in shown else parts[key]
    return shown


def short(text: str) -> str:
    """Make a label of what others wrote: its length has a bound, and it can be encoded."""
    return printable(text, _MAX_CHARACTERS)
