"""What the cluster says that verdicts depend on: policies, exceptions, bases, namespaces, nodes.

Synchronous and in memory; mirrors of the API server feed it. Objects that can't be read are kept
apart, with the reason, so that a mistake in one policy never switches the others off.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.images.facts import Platform
from slimgate.core.json_object import JsonObject, labels_of, mapping_at, text_at
from slimgate.core.nodes.node import runtime_of
from slimgate.core.policies.base_image import BaseImage, parse_base_image
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.exception_parser import parse_exception
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.policy_parser import parse_policy
from slimgate.core.workloads.workload import Workload
from slimgate.engine.objects import Objects, OwnKind
from slimgate.engine.policy_index import PolicyIndex, labels_in

DEFAULT_PLATFORM: Final = Platform("linux", "amd64")
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


class Change(Enum):
    """What changed so that verdicts may be others now."""

    POLICIES = "policies"
    EXCEPTIONS = "exceptions"
    BASE_IMAGES = "base images"
    NAMESPACES = "namespaces"
    PLATFORMS = "platforms"


Listener = Callable[[Change, str], None]
"""Hears what changed, and for the workloads of which namespace; empty if for those of all."""
NamespacedName = tuple[str, str]
_NodeKind = tuple[Platform, bool]
"""A platform, and whether the runtime there believes manifests."""


@dataclass(frozen=True, slots=True)
class NodePlatforms:
    """What a cluster's nodes are; `trusting` is of Catalog."""

    all: tuple[Platform, ...] = ()
    trusting: frozenset[Platform] = frozenset()


class Catalog:
    """The current state. `excluded` namespaces are left alone whatever policies say.

    Of a namespace that nobody has told of the labels are none, unless a mirror `follows` them: it
    may be behind.
    """

    def __init__(
        self,
        *,
        excluded: Sequence[str] = (),
        platforms: Sequence[Platform] = (DEFAULT_PLATFORM,),
        trusting: frozenset[Platform] = frozenset(),
        follows: bool = False,
    ) -> None:
        self._excluded = frozenset(excluded)
        self._follows = follows
        self._default_platforms = tuple(platforms)
        self._listeners: list[Listener] = []
        self._namespaces: dict[str, Mapping[str, str]] = {}
        self._nodes: dict[str, _NodeKind] = {}
        self._nodes_of: Counter[_NodeKind] = Counter()
        self.platforms = self._default_platforms
        """The platforms of the cluster's nodes; the default where no node is known."""
        self.trusting = trusting
        """Those of nodes whose runtime believes what a manifest says of its layers' lengths."""
        self._ordered: tuple[Policy, ...] = ()
        self._index = PolicyIndex(())
        self.policies: dict[str, Policy] = {}
        self.broken: dict[str, InvalidPolicyError] = {}
        self._exceptions_of: dict[str, dict[str, SlimException]] = {}
        self.exceptions: dict[NamespacedName, SlimException] = {}
        self.broken_exceptions: dict[NamespacedName, InvalidPolicyError] = {}
        self.broken_base_images: dict[str, InvalidPolicyError] = {}
        self._base_images: dict[str, BaseImage] = {}
        self.base_images: tuple[BaseImage, ...] = ()
        self.objects = Objects()
        self.generation = 0
        """Grows with every change."""

    def listen(self, listener: Listener) -> None:
        """Tell the listener of every change from now on."""
        self._listeners.append(listener)

    def excludes(self, namespace: str) -> bool:
        """Whether a namespace is left alone."""
        return namespace in self._excluded

    def matching(
        self, workload: Workload, labels: Mapping[str, str] | None = None
    ) -> tuple[Policy, ...]:
        """Return the policies that speak of a workload, by name, and those that may.

        `labels` are its namespace's, for one that may not have been known yet.
        """
        namespace = workload.namespace
        if self.excludes(namespace):
            return ()
        if labels is None and self._knows(namespace):
            return self._index.matching(workload, self._namespaces.get(namespace, _NO_LABELS))
        known = {**(labels or {}), **self._labels(namespace)}
        whole = labels is not None
        return tuple(p for p in self._ordered if p.match.workload(workload, known, whole=whole))

    def speaks_in(self, policy: Policy, namespace: str) -> bool:
        """Whether a policy applies in a namespace, by what is known of its labels."""
        labels = self._labels(namespace)
        return not self.excludes(namespace) and policy.match.namespace(namespace, labels)

    def undecided(self, workload: Workload) -> frozenset[str]:
        """Name the policies of which only the labels of the namespace tell whether they apply."""
        if self._knows(workload.namespace):
            return frozenset()
        known = self._labels(workload.namespace)
        return frozenset(
            policy.name
            for policy in self.matching(workload)
            if (selector := policy.match.namespace_selector) and selector.hinges_on_more(known)
        )

    def exceptions_for(self, workload: Workload) -> tuple[SlimException, ...]:
        """Return the exceptions of a workload's namespace by name, expired ones too."""
        own = self._exceptions_of.get(workload.namespace)
        if own is None:
            return ()
        return tuple(own[name] for name in sorted(own))

    def find_policy(self, name: str) -> Policy | InvalidPolicyError | None:
        """Return a policy, or why it can't be used; None if there is none of that name."""
        return self.policies.get(name) or self.broken.get(name)

    def put_policy(self, resource: JsonObject) -> None:
        """Take a SlimPolicy as it is now."""
        name = text_at(mapping_at(resource, "metadata"), "name")
        self.objects.put((OwnKind.POLICY, "", name), resource)
        before = self.policies.get(name), self.broken.get(name)
        try:
            policy = parse_policy(resource)
        except InvalidPolicyError as error:
            self.broken[name] = error.bare()
            self.policies.pop(name, None)
            if before[0] is not None or before[1] is None:
                self._policies_changed()
            return
        self.broken.pop(name, None)
        self.policies[name] = policy
        if before[0] != policy:
            self._policies_changed()

    def drop_policy(self, name: str) -> None:
        """Forget a SlimPolicy."""
        self.objects.drop((OwnKind.POLICY, "", name))
        self.broken.pop(name, None)
        if self.policies.pop(name, None) is not None:
            self._policies_changed()

    def put_exception(self, resource: JsonObject) -> None:
        """Take a SlimException as it is now; what only its status says changes no verdict."""
        metadata = mapping_at(resource, "metadata")
        key = (text_at(metadata, "namespace"), text_at(metadata, "name"))
        self.objects.put((OwnKind.EXCEPTION, *key), resource)
        try:
            exception = parse_exception(resource)
        except InvalidPolicyError as error:
            self.broken_exceptions[key] = error.bare()
            self._without_exception(key)
            return
        self.broken_exceptions.pop(key, None)
        before = self.exceptions.get(key)
        self.exceptions[key] = exception
        self._exceptions_of.setdefault(key[0], {})[key[1]] = exception
        if before is None or _as_written(before) != _as_written(exception):
            self._changed(Change.EXCEPTIONS, key[0])

    def drop_exception(self, namespace: str, name: str) -> None:
        """Forget a SlimException."""
        key = (namespace, name)
        self.objects.drop((OwnKind.EXCEPTION, *key))
        self.broken_exceptions.pop(key, None)
        self._without_exception(key)

    def put_base_image(self, resource: JsonObject) -> None:
        """Take a BaseImage as it is now; what only its status says makes no verdict another."""
        name = text_at(mapping_at(resource, "metadata"), "name")
        self.objects.put((OwnKind.BASE_IMAGE, "", name), resource)
        before, found = self._base_images.get(name), None
        try:
            found = parse_base_image(resource)
        except InvalidPolicyError as error:
            self.broken_base_images[name] = error.bare()
        else:
            self.broken_base_images.pop(name, None)
        self._with_base_image(name, found)
        if _without_status(before) != _without_status(found):
            self._changed(Change.BASE_IMAGES)

    def drop_base_image(self, name: str) -> None:
        """Forget a BaseImage."""
        self.objects.drop((OwnKind.BASE_IMAGE, "", name))
        self.broken_base_images.pop(name, None)
        if name in self._base_images:
            self._with_base_image(name, None)
            self._changed(Change.BASE_IMAGES)

    def base_image(self, name: str) -> BaseImage:
        """Return one that can be read."""
        return self._base_images[name]

    def put_namespace(self, resource: JsonObject) -> None:
        """Take a namespace's labels; a workload may have been seen before its namespace."""
        metadata = mapping_at(resource, "metadata")
        name, labels = text_at(metadata, "name"), labels_of(metadata)
        known, before = self._knows(name), self._labels(name)
        self._namespaces[name] = labels
        now = self._labels(name)
        selectors = [s for p in self._ordered if (s := p.match.namespace_selector) is not None]
        if any(not known or s.matches(before) != s.matches(now) for s in selectors):
            self._changed(Change.NAMESPACES, name)

    def drop_namespace(self, name: str) -> None:
        """Forget a namespace."""
        self._namespaces.pop(name, None)

    def put_node(self, resource: JsonObject) -> None:
        """Take a node's platform and runtime."""
        name = text_at(mapping_at(resource, "metadata"), "name")
        info = mapping_at(mapping_at(resource, "status"), "nodeInfo")
        system, architecture = text_at(info, "operatingSystem"), text_at(info, "architecture")
        if system and architecture:
            runtime = text_at(info, "containerRuntimeVersion")
            trusting = bool(runtime) and not runtime_of(runtime).compares_lengths
            self._with_node(name, (Platform(system, architecture), trusting))

    def drop_node(self, name: str) -> None:
        """Forget a node."""
        self._with_node(name, None)

    def _knows(self, namespace: str) -> bool:
        return not self._follows or namespace in self._namespaces

    def label(self, key: str, namespace: str) -> str:
        """Tell a label of a namespace, as far as that is known; empty if it has none."""
        return self._labels(namespace).get(key, "")

    def _labels(self, namespace: str) -> Mapping[str, str]:
        return labels_in(namespace, self._namespaces.get(namespace, _NO_LABELS))

    def _with_node(self, node: str, kind: _NodeKind | None) -> None:
        """Count nodes by kind: all of them are never gone through, however many there are."""
        gone = self._nodes.pop(node, None)
        if kind is not None:
            self._nodes[node] = kind
        if gone == kind:
            return
        self._nodes_of.update(filter(None, [kind]))
        self._nodes_of.subtract(filter(None, [gone]))
        self._nodes_of = +self._nodes_of
        before = self.platforms, self.trusting
        found = {platform for platform, _ in self._nodes_of}
        self.platforms = tuple(sorted(found, key=str)) or self._default_platforms
        self.trusting = frozenset(platform for platform, trusting in self._nodes_of if trusting)
        if (self.platforms, self.trusting) != before:
            self._changed(Change.PLATFORMS)

    def _with_base_image(self, name: str, image: BaseImage | None) -> None:
        if image is None:
            self._base_images.pop(name, None)
        else:
            self._base_images[name] = image
        self.base_images = tuple(self._base_images[one] for one in sorted(self._base_images))

    def _policies_changed(self) -> None:
        self._ordered = tuple(self.policies[name] for name in sorted(self.policies))
        self._index = PolicyIndex(self._ordered)
        self._changed(Change.POLICIES)

    def _without_exception(self, key: NamespacedName) -> None:
        if self.exceptions.pop(key, None) is not None:
            own = self._exceptions_of[key[0]]
            del own[key[1]]
            if not own:
                del self._exceptions_of[key[0]]
            self._changed(Change.EXCEPTIONS, key[0])

    def _changed(self, change: Change, namespace: str = "") -> None:
        self.generation += 1
        for listener in self._listeners:
            listener(change, namespace)


def _without_status(image: BaseImage | None) -> BaseImage | None:
    return None if image is None else replace(image, earlier=())


def _as_written(exception: SlimException) -> SlimException:
    return replace(exception, refused_since=None)
