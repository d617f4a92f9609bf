"""The disk model of a node: sums, disjoint parts, and what is left out and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.images.facts import Digest, ImageFacts, Platform, Size
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.held import MAX_IMAGES, Sharing, wanted_facts
from slimgate.core.nodes.model import node_disk
from slimgate.core.nodes.node import Node, NodeImage, NodePod, PodImage, Runtime
from slimgate.core.nodes.stored import Stored
from slimgate.core.nodes.summary import ImageFs
from tests.core import disks
from tests.core.disks import digest, facts, listed, node, pod

ARM = Platform("linux", "arm64")

letters = st.text("abcde", min_size=1, max_size=4)
pods_of = st.lists(st.tuples(st.sampled_from(["red", "blue", "green"]), letters), max_size=6)


def known(*images: str) -> Mapping[Digest, tuple[ImageFacts, ...]]:
    """Make the facts of these images."""
    return {digest(image): (facts(image),) for image in images}


def naive(images: Sequence[str]) -> Stored:
    """Add up by the letters alone: a blob for each letter, a snapshot for each way to it."""
    ways = {image[: end + 1] for image in images for end in range(len(image))}
    return Stored(
        compressed=sum(ord(letter) - ord("a") + 1 for letter in set("".join(images))),
        unpacked=sum(10 * (ord(way[-1]) - ord("a") + 1) for way in ways),
    )


def model(
    images: Sequence[str], pods: Sequence[NodePod], *, unknown: Sequence[str] = ()
) -> NodeDisk:
    """Model a node with these images, of which some have no facts."""
    at_hand = known(*(set(images) - set(unknown)))
    return node_disk(node(*map(listed, images)), pods, at_hand)


@given(st.sets(letters, max_size=6), pods_of, st.sets(letters, max_size=2))
def test_parts_are_disjoint_and_whole(
    images: set[str], uses: list[tuple[str, str]], unknown: set[str]
) -> None:
    """Each way to part the bytes adds up to all of them, which are those of the known images."""
    pods = [pod(namespace, image, called=f"{n}") for n, (namespace, image) in enumerate(uses)]
    seen = images | {image for _, image in uses}

    found = node_disk(node(*map(listed, images)), pods, known(*(seen - unknown)))

    assert found.total == naive([*(seen - unknown)])
    assert found.parts.total == found.total
    assert found.namespaces.total == found.total
    assert found.namespaces.unused == found.parts.unused == found.owners.unused
    assert found.images_without_facts == len(seen & unknown)


@given(st.sets(letters, min_size=1, max_size=6), st.data())
def test_own_bytes_are_what_deleting_an_image_frees(images: set[str], data: st.DataObject) -> None:
    """The model without an image has just that image's own bytes less."""
    gone = data.draw(st.sampled_from(sorted(images)))
    (own,) = [i.own for i in model([*images], []).images if i.names == (disks.name(gone),)]

    assert model([*(images - {gone})], []).total + own == model([*images], []).total


@given(st.sets(letters, max_size=6), pods_of)
def test_whole_bytes_are_those_of_the_image_alone(
    images: set[str], uses: list[tuple[str, str]]
) -> None:
    """What an image shares counts in full for each that shares it."""
    pods = [pod(namespace, image) for namespace, image in uses if image in images]
    found = model(sorted(images), pods)

    assert [image.whole for image in found.images] == [naive([one]) for one in sorted(images)]


def test_attribution() -> None:
    """What one namespace uses alone is its own; the rest is shared, or of nobody."""
    pods = [pod("red", "ab", "c"), pod("red", "ab", called="q"), pod("blue", "ad")]

    found = model(["ab", "ad", "c", "ae"], pods)

    assert found.namespaces.own == {
        "red": Stored(compressed=2 + 3, unpacked=20 + 30),
        "blue": Stored(compressed=4, unpacked=40),
    }
    assert found.namespaces.shared == Stored(compressed=1, unpacked=10)
    assert found.namespaces.unused == Stored(compressed=5, unpacked=50)
    assert found.parts.exclusive == Stored(compressed=2 + 3 + 4, unpacked=20 + 30 + 40)
    assert found.parts.shared == Stored(compressed=1, unpacked=10)
    assert [image.used for image in found.images] == [True, True, True, False]
    assert found.unused_images == 1


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [
        (Runtime.CONTAINERD, Stored(compressed=3, unpacked=30)),
        (Runtime.CRIO, Stored(unpacked=30)),
        (Runtime.DOCKER, Stored(unpacked=30)),
        (Runtime.OTHER, Stored(unpacked=30)),
    ],
)
def test_runtimes(runtime: Runtime, expected: Stored) -> None:
    """Only containerd is sure to keep blobs besides the unpacked layers."""
    assert node_disk(node(listed("ab"), runtime=runtime), [], known("ab")).total == expected


USES = [
    # how a pod names its image and what the runtime found, the images of the node that are used
    (PodImage(reference="x", image_id=disks.name("a")), ["a"]),
    (PodImage(reference="docker.io/library/moved:1", image_id=disks.name("a")), ["a"]),
    (PodImage(reference="moved:1"), ["b"]),
    (PodImage(reference=disks.name("b")), ["b"]),
    (PodImage(reference="moved:1", image_id=digest("a config")), ["b"]),
    (PodImage(reference="moved:2"), []),
    (PodImage(reference="No Reference"), []),
]

UNLISTED = [
    # what the runtime found, what the image is called then, its bytes are known
    (disks.name("ab"), disks.name("ab"), True),
    (digest("a config"), "r.io/web:2", False),
]


@pytest.mark.parametrize(("use", "expected"), USES)
def test_which_image_a_pod_uses(use: PodImage, expected: list[str]) -> None:
    """The digest that the runtime found decides; without one it is the name."""
    has = node(listed("a"), listed("b", "docker.io/library/moved:1", "<none>:<none>"))

    found = node_disk(has, [pod("red", use)], known("a", "b"))

    assert [i.names[0] for i in found.images if i.used] == [disks.name(one) for one in expected]
    assert len(found.images) == 2


def test_pods_that_name_what_they_use() -> None:
    """Names are told apart for each pod that has nothing better."""
    has = node(listed("a", "r.io/a:1"), listed("b", "r.io/b:1"))
    uses = [pod("red", PodImage(reference=f"r.io/{one}:1")) for one in "ab"]

    found = node_disk(has, uses, {})

    assert [image.used for image in found.images] == [True, True]


def test_images_that_only_pods_tell_of() -> None:
    """An image that a pod's status names is on the node even where the list was cut before it."""
    found = node_disk(node(listed("a")), [pod("red", "ab"), pod("blue", "ab")], known("a", "ab"))

    assert found.total == naive(["a", "ab"])
    assert [(i.names, i.listed, i.reported) for i in found.images] == [
        ((disks.name("a"),), True, 1),
        ((disks.name("ab"),), False, 0),
    ]


@pytest.mark.parametrize(("image_id", "called", "known_there"), UNLISTED)
def test_a_cut_list_is_completed_by_what_runs(
    image_id: str, called: str, *, known_there: bool
) -> None:
    """What a container was started from is there, and is counted where nobody knows its bytes."""
    use = PodImage(reference="r.io/web:2", image_id=image_id)

    found = node_disk(node(listed("a")), [pod("red", use, use)], known("a", "ab"), list_limit=1)

    assert [(i.names, i.known, i.containers) for i in found.images if not i.listed] == [
        ((called,), known_there, 2)
    ]
    assert (found.truncated, found.unlisted_images, found.complete) == (True, 1, False)
    assert found.images_without_facts == (not known_there)


def test_a_list_without_end_is_cut() -> None:
    """What a hostile status lists beyond all measure is left out, and that it is."""
    images = [NodeImage(names=(), reported=1)] * (MAX_IMAGES + 1)

    found = node_disk(node(*images), [], {}, list_limit=-1)

    assert (len(found.images), found.truncated) == (MAX_IMAGES, True)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("registry.k8s.io/pause:3.10", 320_000, True),
        ("docker.io/rancher/mirrored-pause:3.6", 320_000, True),
        ("k8s.gcr.io/pause-amd64@sha256:1", 320_000, True),
        ("r.io/team/pause:1", 50_000_000, False),
        ("r.io/pauses:1", 320_000, False),
        ("r.io/pause/web:1", 320_000, False),
    ],
)
def test_what_the_sandbox_needs_is_pinned(name: str, size: int, *, expected: bool) -> None:
    """It is not free to go, though no pod names it; a large image is none, whatever its name."""
    image = NodeImage(names=(disks.name("a"), name), reported=size)

    found = node_disk(node(image, listed("b")), [], known("a", "b"))

    assert [one.pinned for one in found.images] == [expected, False]
    assert found.unused_images == 2 - expected
    assert found.parts.unused == naive(["b"] if expected else ["a", "b"]) == found.owners.unused
    assert found.owners.pinned == naive(["a"] if expected else [])
    assert found.owners.total == found.namespaces.total == found.total


@pytest.mark.parametrize(
    ("count", "limit", "expected"),
    [(49, 50, False), (50, 50, True), (50, -1, False), (3, 3, True), (0, 50, False)],
)
def test_truncated_list(count: int, limit: int, *, expected: bool) -> None:
    """A list as long as the kubelet makes it at most was cut."""
    images = [NodeImage(names=(), reported=1)] * count

    assert node_disk(node(*images), [], {}, list_limit=limit).truncated is expected


def test_a_node_that_lists_nothing_is_truncated() -> None:
    """With pods and no list at all, the kubelet was told to list no images."""
    found = node_disk(node(), [pod("red", "a")], {}, list_limit=-1)

    assert found.truncated


def test_images_without_facts_count_as_nothing() -> None:
    """What the runtime reports of them is a size of another kind, and stays with each image."""
    found = node_disk(node(listed("abc"), listed("ab")), [], {})

    assert [image.reported for image in found.images] == [3, 2]
    assert (found.total, found.images_without_facts) == (Stored(), 2)


def test_unknown_layers_are_counted() -> None:
    """A layer of unknown size counts as nothing and is counted."""
    layer = replace(disks.layer("b"), unpacked=Size.unknown("too large"))
    image = replace(facts("a"), layers=(disks.layer("a"), layer))

    found = node_disk(node(listed("a")), [], {digest("a"): (image,)})

    assert (found.total, found.unknown_layers) == (Stored(compressed=1 + 2, unpacked=10), 1)
    assert [(i.known, i.complete, i.unknown_layers) for i in found.images] == [(True, False, 1)]


PICKS = [
    # facts under the digest of image `a` (amd64 node), what counts of them
    ((facts("a"),), naive(["a"])),
    ((facts("a", ARM),), naive(["a"])),  # the manifest itself, whatever its config says
    ((facts("b"),), naive(["b"])),
    ((facts("b", ARM),), Stored()),
    ((facts("b", ARM), facts("c")), naive(["c"])),
    ((facts("b", Platform("linux", "amd64", "v2")), facts("c")), Stored()),
    ((), Stored()),
]


@pytest.mark.parametrize(("options", "expected"), PICKS)
def test_which_facts_count(options: tuple[ImageFacts, ...], expected: Stored) -> None:
    """Of an index, the node's platform counts; nothing does where nobody knows which it is."""
    found = node_disk(node(listed("a")), [], {digest("a"): options})

    assert found.total == expected
    assert found.images_without_facts == (expected == Stored())


def test_one_image_under_two_digests() -> None:
    """Two manifests of one config are one image with the blobs of both."""
    image = NodeImage(names=(disks.name("ab"), disks.name("ac")), reported=0)

    found = node_disk(node(image), [pod("red", "ac")], known("ab", "ac"))

    assert found.total == naive(["ab", "ac"])
    assert [one.used for one in found.images] == [True]


@pytest.mark.parametrize(
    ("runtime", "used", "measured"),
    [
        (Runtime.CONTAINERD, 25, 25 + 3),
        (Runtime.CRIO, None, None),
        (Runtime.DOCKER, 25, None),
        (Runtime.OTHER, 25, None),
    ],
)
def test_measured_bytes(runtime: Runtime, used: int | None, measured: int | None) -> None:
    """What the kubelet measured stands, but for CRI-O's, which leaves the layers out.

    Only containerd's leaves out just the blobs, so that with them it is the whole.
    """
    image_fs = ImageFs(used=25, capacity=99, available=4)

    found = node_disk(node(listed("ab"), runtime=runtime), [], known("ab"), image_fs=image_fs)

    assert found.image_fs == ImageFs(used=used, capacity=99, available=4)
    assert found.measured == measured
    assert node_disk(node(runtime=runtime), [], {}).measured is None


def test_wanted_facts() -> None:
    """Each digest on the node is wanted once, by the first name that holds it."""
    has: Node = node(listed("a", f"r.io/mirror@{digest('a')}", "r.io/a:1"), listed("b"))

    assert wanted_facts(has.images, Sharing().of([pod("red", "c", "a")])) == {
        digest(one): disks.name(one) for one in "abc"
    }
