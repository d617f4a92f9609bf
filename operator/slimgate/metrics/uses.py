"""Shows where images lie and whose they are: some nodes an image, some uses a namespace.

What is beyond that is counted together, so that sums stay whole and nobody fills the pages.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from slimgate.core.nodes.look import Look
from slimgate.core.nodes.uses import LARGEST, NOBODY
from slimgate.metrics.bounded import OTHER, largest, short
from slimgate.metrics.named import IMAGE, WORKLOAD, Named, Values, bounded, named_images

_EACH: Final = LARGEST
"""Nodes an image, and uses a namespace, that have series of their own: a guess."""
_MOST: Final = 1_000
"""Series of all of them together, as far as each has more than one."""

Parts = dict[str, dict[Values, int]]


def use_families(look: Look, named: Named) -> Iterator[GaugeMetricFamily]:
    """Write both; nothing of what nobody wants named."""
    fleet, called = look.fleet, look.fleet.called
    if named.images:
        yield _family(
            "slimgate_image_node_bytes",
            "An image's fair share of the bytes on a node. The largest nodes of the images of "
            "slimgate_image_bytes are named, and the sum is all that images explain.",
            (*IMAGE, "node"),
            _on_nodes(look, called, named_images(fleet.images, named.images)),
            named.images,
        )
    if named.images and named.namespaces and named.workloads:
        sizes = {name: stored.disk for name, stored in fleet.namespaces.items()}
        yield _family(
            "slimgate_image_use_bytes",
            "A workload's fair share of the bytes of an image on all nodes. The largest of each of "
            "the largest namespaces are named, and the sum is what is used.",
            (*WORKLOAD, *IMAGE),
            _by_namespaces(look, called, largest(sizes, named.namespaces)),
            named.namespaces,
        )


def _on_nodes(look: Look, called: Mapping[str, str], named: frozenset[str]) -> Parts:
    found: Parts = {}
    left = dict.fromkeys(named, 0)
    for image in look.fleet.images:
        if image.name in named:
            left[image.name] += image.share.disk
        else:
            _add(found, OTHER, (OTHER,), image.share.disk)
    for key, nodes in look.image_nodes.items():
        if (name := called.get(key, OTHER)) in named:
            for size, node in nodes:
                _add(found, name, (node,), size)
                left[name] -= size
    for name, rest in left.items():
        if rest:
            _add(found, name, (OTHER,), rest)
    return found


def _by_namespaces(look: Look, called: Mapping[str, str], named: frozenset[str]) -> Parts:
    found: Parts = {}
    for ((namespace, kind, name), key), size in look.uses.items():
        first = namespace if namespace in named else OTHER
        rest = kind, name, called.get(key, OTHER)
        _add(found, first, (OTHER,) * 3 if (kind, name) == NOBODY else rest, size)
    return found


def _add(found: Parts, first: str, rest: Values, size: int) -> None:
    if first == OTHER:
        rest = (OTHER,) * len(rest)
    sums = found.setdefault(first, {})
    sums[rest] = sums.get(rest, 0) + size


def _family(
    name: str, text: str, labels: Values, parts: Mapping[str, Mapping[Values, int]], firsts: int
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    each = max(min(_EACH, _MOST // firsts), 1)
    other = (OTHER,) * (len(labels) - 1)
    shown: dict[Values, int] = {}
    for first in sorted(parts):
        sizes = {**parts[first]}
        rest = sizes.pop(other, None)
        for values, size in (
            *bounded(sizes, each).items(),
            *([] if rest is None else [(other, rest)]),
        ):
            key = short(first), *values
            shown[key] = shown.get(key, 0) + size
    for key, size in shown.items():
        family.add_metric(key, size)
    return family
