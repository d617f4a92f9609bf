"""`slimgate top`: every image once, by what it is to pull, with those who use it."""

import csv
import io
from typing import Any

import pytest

from slimgate.cli.shared.documents import json_text
from slimgate.cli.shared.progress import SilentBoard
from slimgate.cli.usage.images import Usage, together, used_images
from slimgate.cli.usage.scope import UsageScope
from slimgate.cli.usage.top_table import top_table
from slimgate.cli.usage.usage_csv import top_csv
from slimgate.cli.usage.usage_json import top_document
from slimgate.core.images.facts import Inspection
from slimgate.core.matching.selector_text import read_selector
from tests.cli.clusters import Cluster
from tests.cli.facts import FAT, HOSTILE, HOSTILE_TEXT, SAVED, SOYA, inspection
from tests.cli.make import printed, read
from tests.cli.preview.cases import workload

SEEN = {
    "fat:1": inspection("fat:1", FAT),
    "soya:1": inspection("soya:1", SOYA),
    "saved:1": inspection("saved:1", SAVED),
}
MIB = 2**20
TABLE = """\
   PULL                        IMAGE   LAYERS  BASE                         USED BY
120 MiB  ████████████████████  fat:1        2  go:1.26 (Builder, Proven)    {users} and 1 more
  6 MiB  █                     soya:1       1  static (Distroless, Proven)  deployment shop/a
unknown                        gone:1       -  -                            deployment shop/a
gone:1: there is no such image
4 images of 4 workloads in all namespaces: at least 126 MiB to pull for a node that runs all, \
shared layers once; 1 more with --limit
"""


def _cluster(*, slow: bool = False) -> Cluster:
    return Cluster(
        slow=slow,
        running=[
            workload("a", "soya:1", "fat:1", "gone:1"),
            workload("b", "fat:1"),
            workload("c", "fat:1", namespace="team"),
            workload("d", "fat:1", "saved:1", namespace="team"),
        ],
        seen=SEEN,
    )


async def _used(cluster: Cluster, **scope: Any) -> Usage:
    return await used_images(cluster, SilentBoard(), UsageScope(**{"everywhere": True, **scope}))


async def test_each_image_once() -> None:
    """Every reference is looked up once, the largest comes first, unknown ones last."""
    cluster = _cluster()
    found = await _used(cluster)

    assert [(image.reference, image.pull, len(image.users)) for image in found.images] == [
        ("fat:1", 120 * MIB, 4),
        ("soya:1", 6 * MIB, 1),
        ("gone:1", None, 1),
        ("saved:1", None, 1),
    ]
    assert sorted(cluster.asked) == [
        ("shop", "fat:1"),
        ("shop", "gone:1"),
        ("shop", "soya:1"),
        ("team", "saved:1"),
    ]


async def test_credentials_of_others() -> None:
    """Where one namespace may not see an image that another uses too, the other's login does."""
    cluster = _cluster()
    cluster.without_rights = frozenset({"shop"})
    found = {image.reference: image for image in (await _used(cluster)).images}

    assert isinstance(found["fat:1"].seen, Inspection)
    assert str(found["soya:1"].seen) == "the registry wants a login"
    assert [text for namespace, text in cluster.asked if namespace == "team"] == [
        "fat:1", "saved:1"
    ]  # fmt: skip


async def test_together() -> None:
    """Layers that images share count once, and what is not known makes it a lower bound."""
    twice = Cluster(
        running=[workload("a", "x:1", "y:1")], seen={"x:1": SEEN["fat:1"], "y:1": SEEN["fat:1"]}
    )

    assert together((await _used(twice)).images) == (120 * MIB, True)
    assert together((await _used(_cluster())).images) == (126 * MIB, False)
    assert together([]) == (0, True)


async def test_table() -> None:
    """The table names the largest, what they stand on and who uses them."""
    users = "deployment shop/a, deployment shop/b, deployment team/c"

    assert printed(top_table(await _used(_cluster()), number=3, bars=True)) == TABLE.format(
        users=users
    )


async def test_wide_table() -> None:
    """The wide table has platforms, digests and all users."""
    lines = printed(top_table(await _used(_cluster()), wide=True)).splitlines()

    assert lines[1].split() == [
        "120", "MiB", "2", "90", "MiB", "fat:1", "linux/amd64", f"sha256:{'f' * 64}", "go:1.26",
        "(Builder,", "Proven)", "deployment", "shop/a,", "deployment", "shop/b,", "deployment",
        "team/c,", "deployment", "team/d",
    ]  # fmt: skip
    assert lines[3].split()[:7] == ["unknown", "-", "-", "gone:1", "-", "-", "-"]


@pytest.mark.parametrize(
    ("scope", "namespace", "expected"),
    [
        ({"everywhere": False}, "shop", ["fat:1", "soya:1", "gone:1"]),
        ({"everywhere": False, "namespace": "team"}, "team", ["fat:1", "saved:1"]),
        ({"namespace": "team"}, None, ["fat:1", "soya:1", "gone:1", "saved:1"]),
        ({"selector": read_selector("app in (b,c)")}, None, ["fat:1"]),
        ({"everywhere": False, "selector": read_selector("app=c")}, "shop", []),
    ],
    ids=["the context's", "-n", "-n and -A", "-l", "nothing"],
)
async def test_scope(scope: dict[str, Any], namespace: str | None, expected: list[str]) -> None:
    """As kubectl: the context's namespace, another by -n, all by -A; -l chooses workloads."""
    cluster = _cluster()
    found = await _used(cluster, **scope)

    assert [image.reference for image in found.images] == expected
    assert found.namespace == namespace
    assert cluster.listed == [f"workloads of {namespace or 'all'}"]


async def test_nothing() -> None:
    """Where nothing runs, the table says so, and where there may be more."""
    found = await _used(Cluster(), everywhere=False)

    assert printed(top_table(found)) == (
        "no workload in namespace shop uses an image; -A shows all namespaces\n"
    )


async def test_limit_of_documents() -> None:
    """With a limit a document holds only the largest, and says how many it omits."""
    found = read(top_document(await _used(_cluster()), number=1))

    assert ([image["reference"] for image in found["images"]], found["omitted"]) == (["fat:1"], 3)
    assert found["togetherPullBytes"] == 126 * MIB


async def test_notes() -> None:
    """What could not be read is said, in both forms."""
    found = await _used(Cluster(notes=("you may not list nodes",)))

    assert printed(top_table(found)).startswith("note: you may not list nodes\n")
    assert read(top_document(found))["notes"] == ["you may not list nodes"]


async def test_timeout() -> None:
    """An image that takes longer than is allowed is unknown, and says why."""
    found = await used_images(
        _cluster(slow=True), SilentBoard(), UsageScope(everywhere=True), seconds=0.01
    )

    assert {str(image.seen) for image in found.images} == {
        "looking it up took longer than 0.01s, which --timeout allows"
    }


async def test_document() -> None:
    """The form for programs holds all images, and why some are not known."""
    found = read(top_document(await _used(_cluster())))

    assert (found["schema"], found["togetherPullBytes"], found["complete"]) == (
        1, 126 * MIB, False
    )  # fmt: skip
    assert [(i["reference"], i["pullBytes"], i["error"]) for i in found["images"]][2:] == [
        ("gone:1", None, "there is no such image"),
        ("saved:1", None, None),
    ]
    assert found["images"][1]["usedBy"] == [
        {"kind": "Deployment", "namespace": "shop", "name": "a"}
    ]
    assert found["images"][1]["inspection"]["platforms"][0]["pullBytes"] == 6 * MIB


async def test_csv() -> None:
    """As rows for spreadsheets, each image with why it is not known."""
    rows = list(csv.DictReader(io.StringIO(top_csv(await _used(_cluster()), number=3))))

    assert [(row["reference"], row["pullBytes"], row["error"]) for row in rows] == [
        ("fat:1", str(120 * MIB), ""),
        ("soya:1", str(6 * MIB), ""),
        ("gone:1", "", "there is no such image"),
    ]
    assert [row["tier"] for row in rows] == ["Builder", "Distroless", ""]


async def test_hostile_texts() -> None:
    """Texts from images and objects are shown, not obeyed."""
    running = [workload(HOSTILE_TEXT, "evil:1", HOSTILE_TEXT, namespace=HOSTILE_TEXT)]
    found = await _used(Cluster(running=running, seen={"evil:1": inspection("evil:1", HOSTILE)}))

    shown = printed(top_table(found, number=9, bars=False))
    assert all(line.isprintable() for line in shown.splitlines())
    assert json_text(top_document(found)).isascii()
