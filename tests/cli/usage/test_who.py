"""`--by`: who fills the nodes' disks, by everything that a row may stand for."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from slimgate.cli.shared.documents import json_text
from slimgate.cli.shared.forms import By, UsageOutput
from slimgate.cli.shared.outside import Outside
from slimgate.cli.usage.bill import Bill, bill_of
from slimgate.cli.usage.limits import limits_of
from slimgate.cli.usage.options import check_watch
from slimgate.cli.usage.scope import UsageScope
from slimgate.cli.usage.usage_csv import nodes_csv
from slimgate.cli.usage.watching import look_and_show
from slimgate.cli.usage.who import Who, who
from slimgate.cli.usage.who_command import WhoQuestion, found_in, run_who
from slimgate.cli.usage.who_json import who_csv, who_document
from slimgate.cli.usage.who_table import who_table
from slimgate.core.errors import ClusterError, SettingsError
from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.held import Sharing
from slimgate.core.nodes.layout import Layout
from slimgate.core.nodes.model import model, node_disk
from slimgate.core.nodes.over_limits import over_limits
from slimgate.core.nodes.prices import Prices
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.workloads.workload import Owner
from slimgate.settings import Settings
from tests.cli import make
from tests.cli.clusters import Cluster
from tests.cli.facts import HOSTILE_TEXT
from tests.cli.make import printed, read
from tests.cli.preview.cases import workload
from tests.core.disks import REPOSITORY, digest, facts, listed, node, pod

FREE = Bill()
GP3 = Prices(node_disk=Decimal(2**30))
TIERS = {"a": Tier.SCRATCH, "d": Tier.BUILDER}
LAYOUT = Layout(
    {
        digest(one): (replace(facts(one), base=Base(tier=TIERS.get(one[0]))),)
        for one in ("ab", "ac", "d", "e", "a")
    }
)
POLICY = {
    "apiVersion": "slimgate.dev/v1",
    "kind": "SlimPolicy",
    "metadata": {"name": "half"},
    "spec": {
        "match": {"namespaces": {"include": ["red"]}},
        "limits": {"pullSize": {"warn": "2", "deny": "3"}},
    },
}
TABLE = """\
ON DISK  UNUSED  OVER LIMIT  NODES  CONTAINERS  NAMESPACE
   83 B     0 B        22 B      2           3  red
   22 B     0 B         0 B      1           1  team
   16 B     0 B         0 B      1           1  blue
unknown       -           -      1           1  lost
   55 B    55 B           -      -           0  (unused images)
1 image on nodes could not be looked up; so there is more on their disks
at least 176 B of images on 2 nodes in all namespaces, by namespace
"""


def disks(name: str = "red") -> list[NodeDisk]:
    """Model two nodes: shared layers, an image that nobody uses, one that nobody knows."""
    web = Owner(kind="Deployment", name="web")
    pods = [replace(pod(name, "ab", "d"), owner=web), pod("blue", "ab")]
    first = model(node(*map(listed, ("ab", "d", "e"))), Sharing().of(pods), LAYOUT)
    gone = [replace(pod(name, "ac"), owner=web), pod("team", "ac"), pod("lost", "gone")]
    second = model(node(*map(listed, ("ac", "gone"))), Sharing().of(gone), LAYOUT)
    return [first, replace(second, node="n2")]


def _named(found: Who) -> dict[str, int]:
    return {row.name: row.share.disk for row in found.rows}


@pytest.mark.parametrize("by", By)
def test_sums_are_whole(by: By) -> None:
    """Whatever a row stands for, rows and rest are all that is on the disks."""
    found = who(disks(), by)

    assert found.total == sum((disk.owners.total for disk in disks()), NOTHING)
    assert [row.share.disk for row in found.rows] == sorted(_named(found).values(), reverse=True)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.IMAGE, {"64": 44, "6163": 22, "6162": 17}),
        (By.WORKLOAD, {"red/web": 83}),
        (By.NAMESPACE, {"red": 83}),
        (By.NODE, {"n1": 61, "n2": 22}),
        (By.BASE, {"Builder": 44, "Scratch": 39}),
    ],
)
def test_one_namespace(by: By, expected: dict[str, int]) -> None:
    """Of one namespace the rows are its own share, parted further, and nothing else."""
    found = who(disks(), by, namespace="red")

    assert len(found.rows) == len(expected)
    for end, size in expected.items():
        assert [row.share.disk for row in found.rows if row.name.endswith(end)] == [size]
    assert found.total.disk == 83
    assert found.missing == 0
    assert who(disks(), by, namespace="nobody").total == NOTHING


def test_what_removing_an_image_frees() -> None:
    """Of each image it is known what nobody else holds; of more than images nobody asks."""
    rows = {row.name[-4:]: row.exclusive for row in who(disks(), By.IMAGE).rows}
    wide = printed(who_table(who(disks(), By.IMAGE), FREE, wide=True)).splitlines()

    assert rows == {"0065": 55, "0064": 44, "6163": 44, "6162": 33, "6e65": None}
    assert wide[5].split()[:2] == ["unknown", "-"]
    assert wide[0].split("  ")[5:7] == ["EXCLUSIVE", "REGISTRY"]
    assert {row.exclusive for row in who(disks(), By.IMAGE, namespace="red").rows} == {None}
    assert {row.exclusive for row in who(disks(), By.BASE).rows} == {None}


async def test_limits() -> None:
    """What is over the limits of the cluster's policies is in each row; the softer line counts."""
    view = Cluster(policy_objects=[POLICY], running=[workload("web", REPOSITORY, namespace="red")])
    limits, notes = await limits_of(view, Settings(), disks())

    assert (notes, limits is not None) == ((), True)
    over = [over_limits(disk, limits or {}) for disk in disks()]
    found = who(disks(), By.NAMESPACE, over=over)
    assert printed(who_table(found, FREE)) == TABLE
    for by in By:
        rows = who(disks(), by, over=over).rows
        assert sum(row.over.disk for row in rows if row.over) == 22


async def test_limits_that_nobody_may_read() -> None:
    """Without policies nothing is known of limits, and a note says why; the rest is shown."""

    class Bare(Cluster):
        async def policies(self) -> Sequence[dict[str, object]]:
            raise ClusterError("the cluster has no SlimPolicies")

    asked = WhoQuestion(by=By.NODE, scope=UsageScope(everywhere=True), seconds=9)
    found = await found_in(Bare(node_disks=disks()), outside(Bare()), asked)

    assert found.notes == ("what is over limits is not known: the cluster has no SlimPolicies",)
    assert [row.over for row in found.rows] == [None, None]
    assert "note: what is over limits is not known" in printed(who_table(found, FREE))


def outside(view: Cluster) -> Outside:
    """Make the outside of a cluster that is some lists."""
    return make.outside(make.Known(), view=view)


@pytest.mark.parametrize("form", UsageOutput)
async def test_forms(form: UsageOutput, capsys: pytest.CaptureFixture[str]) -> None:
    """Every form is printed, with as many rows as were asked for."""
    asked = WhoQuestion(
        by=By.NODE, scope=UsageScope(everywhere=True), output=form, limit=1, prices=GP3,
        seconds=9,
    )  # fmt: skip

    await run_who(outside(Cluster(node_disks=disks())), asked)

    shown = capsys.readouterr().out
    assert ("n1" in shown, "n2" in shown) == (True, False)


def test_bounded_rows() -> None:
    """What is beyond the rows asked for stands in one, and documents say how much that is."""
    found = who(disks(), By.WORKLOAD)
    lines = printed(who_table(found, bill_of(found, GP3), number=1, wide=True)).splitlines()
    document = read(who_document(found, bill_of(found, GP3), number=1))

    assert [line.rpartition("  ")[2] for line in lines[:4]] == [
        "WORKLOAD", "deployment red/web", "(3 others)", "(unused images)"
    ]  # fmt: skip
    assert lines[1].split()[:12] == [
        *["83", "B", "8", "B", "75", "B", "0", "B", "-", "7", "B"],
        "83.00",
    ]
    assert lines[2].startswith(">= 38 B")
    assert lines[-1].endswith("by workload, 176.00 a month; 3 more with --limit")
    assert (document["omitted"], document["others"]["diskBytes"]) == (3, 38)
    assert (document["monthlyCost"], len(document["rows"])) == (176.0, 1)


def test_unknown_is_not_zero() -> None:
    """Who runs an image that nobody knows has no figure, and no cost."""
    found = who(disks(), By.NAMESPACE)
    (*_, lost) = read(who_document(found, bill_of(found, GP3)))["rows"]

    assert (lost["name"], lost["complete"]) == ("lost", False)
    for name in ("share", "unused", "overLimit", "registryBytes", "monthlyCost"):
        assert lost[name] is None
    row = next(one for one in printed(who_table(found, bill_of(found, GP3))).splitlines()[4:5])
    assert row.split() == ["unknown", "-", "-", "-", "1", "1", "lost"]


def test_what_no_image_explains() -> None:
    """A measurement beyond the known images has a row of its own, so that sums are whole."""
    image_fs = ImageFs(used=10**9, capacity=None, available=None)
    disk = node_disk(node(listed("a")), [], {digest("a"): (facts("a"),)}, image_fs=image_fs)
    rest = disk.scale.unexplained

    for by in By:
        found = who([disk], by)
        assert found.total == Stored(compressed=1, unpacked=10**9)
        assert found.unexplained == (0 if by is By.NODE else rest)
    assert "(no known image)" in printed(who_table(who([disk], By.BASE), FREE))


def test_lists_that_were_cut() -> None:
    """What kubelets do not list is said, and that the total is a lower bound unless measured."""
    known = {digest("a"): (facts("a"),), digest("b"): (facts("b"),)}
    measured = ImageFs(used=50, capacity=None, available=None)
    for image_fs, exact in ((None, False), (measured, True)):
        disk = node_disk(
            node(listed("a")), [pod("red", "b")], known, image_fs=image_fs, list_limit=1
        )
        found = who([disk], By.NODE)
        (note,) = found.notes
        assert note.startswith("1 of 1 kubelets list only some of their images, the largest; 1 ")
        assert read(who_document(found, FREE))["complete"] is exact
        assert ("at least" in printed(who_table(found, FREE)).splitlines()[-1]) is not exact
        assert who([disk], By.NODE, namespace="red").exact is False
        assert not found.rows[0].complete


async def test_kubelets_that_were_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Nodes of which nothing is measured are counted and named, with the reason."""
    unread = {"n1": "late", "n2": "refused", **{f"a{n}": "not_believed" for n in range(5)}}
    asked = WhoQuestion(by=By.NODE, scope=UsageScope(everywhere=True), seconds=9)

    await run_who(outside(Cluster(node_disks=disks(), unread=unread)), asked)

    notes = [one for one in capsys.readouterr().out.splitlines() if one.startswith("note: nothing")]
    start = "note: nothing is measured of"
    assert notes == [
        f"{start} 1 of 2 nodes (n1): their kubelets do not answer in time",
        f"{start} 5 of 2 nodes (a0, a1, a2 and 2 more): what their kubelets say can't be",
        f"{start} 1 of 2 nodes (n2): you need the right to nodes/proxy",
    ]


def test_a_kubelet_that_lies() -> None:
    """What can't be is no measurement, in no form."""
    lies = ImageFs(used=1, capacity=None, available=None)
    disk = node_disk(node(listed("a")), [], {digest("a"): (facts("a"),)}, image_fs=lies)
    (row,) = csv.DictReader(io.StringIO(nodes_csv([disk])))

    assert (disk.is_doubted, disk.measured, row["measuredBytes"]) == (True, None, "")


def test_no_nodes() -> None:
    """Where no node has the labels that were asked for, that is what is said."""
    assert printed(who_table(who([], By.IMAGE), FREE)) == "no node has these labels\n"


def test_hostile_names() -> None:
    """Names are shown, not obeyed, by terminals, other programs and spreadsheets alike."""
    for name in (HOSTILE_TEXT, "=cmd|' /C calc'!A0", "-1+1"):
        for by in By:
            found = who(disks(name), by)
            lines = printed(who_table(found, bill_of(found, GP3))).splitlines()
            assert all(line.isprintable() for line in lines)
            assert json_text(who_document(found, bill_of(found, GP3))).isascii()
            cells = [row[0] for row in csv.reader(io.StringIO(who_csv(found, bill_of(found, GP3))))]
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
            assert all(cell.isprintable() for cell in cells)


def test_csv() -> None:
    """Figures are bytes, and what is not known is empty."""
    rows = list(csv.DictReader(io.StringIO(who_csv(who(disks(), By.NAMESPACE), FREE))))

    assert rows[0] == {
        "name": "red", "diskBytes": "83", "compressedBytes": "8", "unpackedBytes": "75",
        "unusedBytes": "0", "overLimitBytes": "", "exclusiveBytes": "", "registryBytes": "7",
        "monthlyCost": "",
        "pulls": "", "pulledBytes": "", "pullSeconds": "", "slowestPullSeconds": "",
        "pullCost": "", "nodes": "2", "containers": "3", "complete": "true",
    }  # fmt: skip
    assert (rows[-1]["name"], rows[-1]["diskBytes"], rows[-1]["complete"]) == ("lost", "", "false")


async def test_csv_of_images_and_nodes() -> None:
    """Without --by there are rows for spreadsheets, too."""
    nodes = list(csv.DictReader(io.StringIO(nodes_csv(disks(), number=1))))
    mine = list(csv.DictReader(io.StringIO(nodes_csv(disks(), namespace="red"))))

    assert [(row["name"], row["diskBytes"], row["unusedBytes"]) for row in nodes] == [
        ("n1", "132", "55")
    ]
    assert [(row["name"], row["ownBytes"], row["measuredBytes"]) for row in mine] == [
        ("n1", "44", ""), ("n2", "0", "")
    ]  # fmt: skip


async def test_watch() -> None:
    """It looks until it is interrupted, and a look that fails later leaves the last one shown."""
    answers: Iterator[int | BaseException] = iter([1, ClusterError("away"), 3, KeyboardInterrupt()])
    shown: list[int] = []

    async def look() -> int:
        answer = next(answers)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    with pytest.raises(KeyboardInterrupt):
        await look_and_show(look, shown.append, watch=True, seconds=0)
    assert shown == [1, 3]

    await look_and_show(_one, shown.append, watch=False)
    assert shown == [1, 3, 1]


async def _one() -> int:
    return 1


def test_documents_have_an_end() -> None:
    """Only tables are watched."""
    check_watch(UsageOutput.WIDE, watch=True)
    with pytest.raises(SettingsError, match="leave out -o json"):
        check_watch(UsageOutput.JSON, watch=True)
