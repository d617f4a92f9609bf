"""How those kinds are followed that settings add.

kopf watches the built-in ones. It looks for a kind of others once for each event of its
CustomResourceDefinition, which may come before the kind is served, and ends when it goes (ADR 8).
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.mirror import Mirror, Scope
from slimgate.controller.kinds import Kinds

_LOOKS: Final = Pace(cap=5.0)
"""Seconds between two looks for a kind that is not served, which cost one request each."""


def mirrors_of(kinds: Kinds, api: ClusterApi, pace: Pace = _LOOKS) -> Mapping[str, Mirror]:
    """Make a mirror for each extra kind, which follows it whenever the cluster serves it."""
    return {
        intake.kind.resource: Mirror(
            api,
            Scope(path=intake.kind.all(), optional=True),
            intake,
            pace=pace,
            on_follow=partial(kinds.owners.follow, intake.kind),
        )
        for intake in kinds.extra
    }
