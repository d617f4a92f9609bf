"""Each limit at its edge, on images of known size in a real registry."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from slimgate.core.images.facts import Platform
from tests.live.make import pod_spec, with_image
from tests.live.room import Room
from tests.live.shelf import TINY, bytes_of, noise, pull_size
from tests.support.images import Image, Index, image, index, layer, tar_of

pytestmark = pytest.mark.lab


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Images of one pod, and what a limit measures of them."""

    images: tuple[Image | Index, ...]
    value: int
    said: str
    """What a denial says of the value and the limit just below it."""


def _pull() -> Measured:
    made = image([noise(9_000), noise(4_000, "b")])
    size = pull_size(made)
    return Measured(images=(made,), value=size, said=f"pulls {size:,} B (linux/amd64)")


def _unpacked() -> Measured:
    # What is unpacked is many times what is pulled.
    files = [{"a": b"a" * 300_000}, {"b": b"b" * 100_000}]
    made = image([layer(one) for one in files])
    size = sum(len(tar_of(one)) for one in files)
    return Measured(
        images=(made,), value=size, said=f"unpacks to {size:,} B (measured, linux/amd64)"
    )


def _zstd() -> Measured:
    files = {"a": b"a" * 300_000}
    made = image([layer(files, compression="zstd")])
    size = len(tar_of(files))
    return Measured(
        images=(made,), value=size, said=f"unpacks to {size:,} B (measured, linux/amd64)"
    )


def _layers() -> Measured:
    made = image([noise(TINY, f"data-{n}") for n in range(7)])
    return Measured(images=(made,), value=7, said="has 7 layers (linux/amd64), limit 6")


def _layer() -> Measured:
    made = image([noise(4_000), noise(9_000, "b")])
    size = max(len(one.blob) for one in made.layers)
    return Measured(images=(made,), value=size, said=f"has a layer of {size:,} B to pull")


def _workload() -> Measured:
    shared = noise(9_000)
    images = (image([shared, noise(TINY, "b")]), image([shared, noise(TINY, "c")]))
    size = pull_size(*images)
    return Measured(images=images, value=size, said=f"the workload pulls {size:,} B")


def _largest_platform() -> Measured:
    """Of an index, what the cluster's nodes run counts: not the larger image of another system."""
    fit = image([noise(9_000)])
    other = image([noise(90_000)], platform=Platform("windows", "amd64"))
    made = index([other, fit])
    size = pull_size(fit)
    return Measured(images=(made,), value=size, said=f"pulls {size:,} B (linux/amd64)")


LIMITS: dict[str, tuple[str, Callable[[], Measured]]] = {
    "pullSize": ("pullSize", _pull),
    "pullSize of an index": ("pullSize", _largest_platform),
    "unpackedSize of gzip": ("unpackedSize", _unpacked),
    "unpackedSize of zstd": ("unpackedSize", _zstd),
    "layers": ("layers", _layers),
    "layerSize": ("layerSize", _layer),
    "workloadPullSize": ("workloadPullSize", _workload),
}


@pytest.mark.parametrize("case", LIMITS)
def test_the_edge(room: Room, case: str) -> None:
    """A value equal to the limit passes; one more than the limit is denied or warned of."""
    limit, measure = LIMITS[case]
    measured = measure()
    value = measured.value
    references = [
        room.shelf.push(content, repository=f"app-{number}")
        for number, content in enumerate(measured.images)
    ]
    policy = room.policy(limits={limit: {"deny": value}})

    equal = room.ask(*references)
    room.edit(policy, limits={limit: {"deny": value - 1}})
    above = room.ask(*references)
    room.edit(policy, limits={limit: {"warn": value - 1, "deny": value}})
    between = room.ask(*references)
    room.edit(policy, limits={limit: {"warn": value}})
    soft = room.ask(*references)

    assert (equal.status, equal.warnings) == (201, ())
    assert above.status == 403
    assert measured.said in above.message
    assert f"[policy {policy}, {limit}]" in above.message
    assert between.status == 201
    assert [measured.said in warning for warning in between.warnings] == [True]
    assert (soft.status, soft.warnings) == (201, ())


# From 1,000 bytes: growth in whole percent is rounded up, and what shrinks does not grow.
GROWTH = {
    "as large": (1_000, 0),
    "smaller": (400, 0),
    "a byte more": (1_001, 1),
    "half as much again": (1_500, 50),
    "a byte above that": (1_501, 51),
}


@pytest.mark.parametrize("case", GROWTH)
@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_growth(room: Room, case: str, kind: str) -> None:
    """An UPDATE is compared with what runs now; the percentage equal to the limit passes."""
    size, percent = GROWTH[case]
    old = room.shelf.push(image([bytes_of(1_000)]), tag="old")
    new = room.shelf.push(image([bytes_of(size)]), tag="new")
    policy = room.policy(limits={"growth": {"deny": f"{percent}%"}})
    running = room.deploy(old, kind=kind)

    equal = room.api.try_patch(running, with_image(running, new), dry_run=True)
    assert (equal.status, equal.warnings) == (200, ())
    if percent:
        room.edit(policy, limits={"growth": {"deny": f"{percent - 1}%"}})
        denied = room.api.try_patch(running, with_image(running, new), dry_run=True)
        assert denied.status == 403
        assert (
            f"pulls {percent}% more than the image that runs now (linux/amd64), "
            f"limit {percent - 1}% [policy {policy}, growth]"
        ) in denied.message


def test_growth_from_nothing(room: Room) -> None:
    """What is created has nothing to grow from; one container more grows from those that stay."""
    old = room.shelf.push(image([bytes_of(1_000)]), tag="old")
    new = room.shelf.push(image([bytes_of(90_000)]), tag="new")
    room.policy(limits={"growth": {"deny": "0%"}})

    running = room.deploy(old)
    more = {"spec": {"template": {"spec": {"containers": pod_spec(old, new)["containers"]}}}}
    same = {"spec": {"template": {"spec": {"containers": pod_spec(old, old)["containers"]}}}}
    grown = room.api.try_patch(running, more)
    added = room.api.try_patch(running, same)

    assert grown.status == 403
    assert (added.status, added.warnings) == (200, ())
