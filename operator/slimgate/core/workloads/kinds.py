"""Kinds of objects as API servers serve them, and the built-in ones that have a pod template.

Settings add kinds of others (Settings.kinds). A kind is told by its group, too: others have a Job.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.errors import MissingError
from slimgate.core.text import printable

GroupKind = tuple[str, str]
"""The group of an API, empty for the core one, and a kind in it."""

TemplatePaths = Mapping[GroupKind, tuple[str, ...]]
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind in one version of its group; `template` is where it keeps its pod template, if any."""

    group: str = ""
    version: str
    plural: str
    kind: str
    template: tuple[str, ...] | None = None

    @property
    def api_version(self) -> str:
        """What objects write as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> GroupKind:
        """What tells it from all others."""
        return self.group, self.kind

    @property
    def resource(self) -> str:
        """Its name in Kubernetes' own words: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def all(self) -> str:
        """Return the path of all objects of the cluster, or of a kind without namespaces."""
        return f"{self._root}/{self.plural}"

    def within(self, namespace: str) -> str:
        """Return the path of one namespace's objects."""
        return f"{self._root}/namespaces/{self._checked(namespace)}/{self.plural}"

    def one(self, namespace: str, name: str) -> str:
        """Return the path of one object; `namespace` is empty for a kind without namespaces.

        Raises MissingError for what is no name: names come from objects that nobody has
        validated yet, and `../` must not lead to another object.
        """
        parent = self.within(namespace) if namespace else self.all()
        return f"{parent}/{self._checked(name)}"

    @property
    def _root(self) -> str:
        prefix = "/apis" if self.group else "/api"
        return f"{prefix}/{self.api_version}"

    def _checked(self, name: str) -> str:
        if _NAME.fullmatch(name) is None:
            raise MissingError(
                f"there is no {self.kind} at {printable(name, 80)!r}: that is not a valid name"
            )
        return name


def _built_in(group: str, plural: str, kind: str, *template: str) -> Kind:
    return Kind(group=group, version="v1", plural=plural, kind=kind, template=template)


DEPLOYMENTS: Final = _built_in("apps", "deployments", "Deployment", "spec", "template")
REPLICA_SETS: Final = _built_in("apps", "replicasets", "ReplicaSet", "spec", "template")
STATEFUL_SETS: Final = _built_in("apps", "statefulsets", "StatefulSet", "spec", "template")
DAEMON_SETS: Final = _built_in("apps", "daemonsets", "DaemonSet", "spec", "template")
PODS: Final = _built_in("", "pods", "Pod")
BUILT_IN: Final = (
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    REPLICA_SETS,
    _built_in("", "replicationcontrollers", "ReplicationController", "spec", "template"),
    _built_in("batch", "jobs", "Job", "spec", "template"),
    _built_in("batch", "cronjobs", "CronJob", "spec", "jobTemplate", "spec", "template"),
    PODS,
)
"""The built-in kinds with a pod template."""


def template_paths(kinds: Iterable[Kind]) -> TemplatePaths:
    """Tell where each kind keeps its pod template."""
    return {one.group_kind: one.template for one in kinds if one.template is not None}


TEMPLATE_PATHS: Final = template_paths(BUILT_IN)
"""Those of the built-in kinds."""
