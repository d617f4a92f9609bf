"""What nodes pulled, and what bytes cost, beside who fills the nodes' disks."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from slimgate.cli.shared.forms import By, UsageOutput
from slimgate.cli.usage.bill import bill_of
from slimgate.cli.usage.nodes_table import images_tables, nodes_table
from slimgate.cli.usage.options import check_prices, prices_of
from slimgate.cli.usage.page.contents import DiskReport, contents_of
from slimgate.cli.usage.scope import UsageScope
from slimgate.cli.usage.usage_csv import nodes_csv
from slimgate.cli.usage.usage_json import nodes_document
from slimgate.cli.usage.who import who
from slimgate.cli.usage.who_command import WhoQuestion, run_who
from slimgate.cli.usage.who_json import who_document
from slimgate.cli.usage.who_table import who_table
from slimgate.core.errors import SettingsError
from slimgate.core.nodes.prices import Prices
from slimgate.core.nodes.pulls import Pull, PullTable
from tests.cli.clusters import Cluster
from tests.cli.make import printed, read
from tests.cli.usage.test_who import disks, outside
from tests.core.disks import REPOSITORY, digest

AB = f"{REPOSITORY}@{digest('ab')}"
PULLED = (
    Pull(image=AB, node="n1", namespace="red", seconds=3, waited=9, size=10, times=2),
    Pull(image=AB, node="n1", namespace="blue", seconds=1, waited=1),
    Pull(image="r.example.com/gone:1", node="n1", namespace="red", seconds=75, waited=75, size=5),
    Pull(image=AB, node="n2", namespace="red", seconds=8.25, waited=9, size=10),
    Pull(image=AB, node="made-up", namespace="red", seconds=99, waited=99, size=99),
)
GIB = Decimal(2**30)
"""As a price, one for each byte."""


def table() -> PullTable:
    """Add up what nodes that there are pulled."""
    found = PullTable()
    for pull in PULLED[:-1]:
        found.add(pull)
    return found


@pytest.mark.parametrize(
    ("by", "times", "size", "slowest"),
    [
        # n2 holds no ab any more.
        (By.IMAGE, {f"{REPOSITORY}@{digest('ab')}": 3}, 20, 3),
        (By.BASE, {"Scratch": 3}, 20, 3),
        (By.NODE, {"n1": 4, "n2": 1}, 25, 75),
        (By.NAMESPACE, {"red": 4, "blue": 1}, 35, 75),
        (By.WORKLOAD, {}, None, None),
    ],
)
def test_who_pulled(by: By, times: dict[str, int], size: int | None, slowest: float | None) -> None:
    """Each row has its own pulls; no event names a workload, so there nothing is known."""
    rows = who(disks(), by, pulls=table()).rows
    known = {row.name: row.pulls for row in rows if row.pulls is not None and row.pulls.times}

    assert {name: pulls.times for name, pulls in known.items()} == times
    first = known.get(next(iter(times), ""))
    assert (first.known_size if first else None, first.slowest if first else None) == (
        size, slowest
    )  # fmt: skip
    assert all((row.pulls is None) is (by is By.WORKLOAD) for row in rows)


def test_tables() -> None:
    """Slow starts stand beside images and nodes, and wide tables tell all of them."""
    found = who(disks(), By.NODE, pulls=table())
    lines = printed(who_table(found, bill_of(found, Prices()))).splitlines()
    wide = printed(who_table(found, bill_of(found, Prices()), wide=True)).splitlines()
    nodes = printed(nodes_table(disks(), table(), wide=True)).splitlines()
    images = printed(images_tables(disks(), table(), ["a note"])).splitlines()

    assert lines[0].split("  ")[-4:] == ["SLOWEST PULL", "NODES", "CONTAINERS", "NODE"]
    assert lines[1].split()[-4:] == ["1m15s", "1", "3", "n1"]
    assert wide[1].split()[-8:] == ["4", "25", "B", "1m22s", "1m15s", "1", "3", "n1"]
    assert nodes[2].split()[-6:] == ["1", "10", "B", "8.2s", "8.2s", "-"]
    assert images[1].split("  ")[-3:] == ["SLOWEST PULL", "IN USE", "IMAGE"]
    assert images[2].split()[4:] == ["-", "no", f"{REPOSITORY}@{digest('e')}"]
    assert [line.split()[4] for line in images if line.endswith(AB)] == ["3s"]
    assert "note: a note" in images


def test_documents() -> None:
    """Programs get every figure, null where nothing is known, and nothing is a zero of size."""
    (first, second) = read(nodes_document(disks(), table(), ["n"]))["nodes"]
    found = who(disks(), By.NAMESPACE, pulls=table())
    blue = read(who_document(found, bill_of(found, Prices())))["rows"][2]
    rows = list(csv.DictReader(io.StringIO(nodes_csv(disks(), table()))))

    assert first["pulls"] == {
        "times": 4, "bytes": 25, "timesWithoutBytes": 1, "seconds": 82, "waitedSeconds": 94,
        "slowestSeconds": 75,
    }  # fmt: skip
    assert [image["pulls"]["times"] for image in first["images"]] == [3, 0, 0]
    assert second["pulls"]["slowestSeconds"] == 8.25
    assert (blue["name"], blue["pulls"]["times"], blue["pulls"]["bytes"]) == ("blue", 1, None)
    assert [(row["pulls"], row["pulledBytes"], row["pullSeconds"]) for row in rows] == [
        ("4", "25", "82.0"), ("1", "10", "8.25")
    ]  # fmt: skip
    unknown = read(nodes_document(disks()))["nodes"][0]
    assert (unknown["pulls"], unknown["images"][0]["pulls"]) == (None, None)


@pytest.mark.parametrize(
    ("by", "namespace", "expected"),
    [
        # Layers are 1 (a), 2 (b), 3 (c), 4 (d) and 5 (e) bytes, and nobody uses e.
        (By.NAMESPACE, None, {"red": 7, "team": 2, "blue": 1, "lost": None, "(unused images)": 5}),
        (By.NAMESPACE, "red", {"red": 7}),
        (By.BASE, None, {"Builder": 4, "Scratch": 6, "unknown": 5}),
        (By.BASE, "red", {"Builder": 4, "Scratch": 3}),
        (By.NODE, None, {"n1": None, "n2": None}),
    ],
)
def test_registries(by: By, namespace: str | None, expected: dict[str, int | None]) -> None:
    """In registries each layer is there once, however many nodes have it, and divided fairly."""
    found = who(disks(), by, namespace=namespace)
    rows = [*found.rows, *(row for row in found.rest if row.registry)]

    assert {row.name: row.registry for row in rows} == expected
    assert found.registry == (None if by is By.NODE else sum(r or 0 for r in expected.values()))


def test_costs() -> None:
    """Each price is of its own bytes, pulls have a column of their own, and cents are whole."""
    found = who(disks(), By.NAMESPACE, pulls=table())
    bill = bill_of(found, Prices(node_disk=GIB, registry=10 * GIB, pull=3 * GIB))
    lines = printed(who_table(found, bill, number=1)).splitlines()
    document = read(who_document(found, bill, number=1))

    assert lines[1].split()[5:] == ["153.00", "105.00", "2", "3", "red"]
    assert lines[2].split()[-6:] == ["68.00", "0.00", "2", "3", "(3", "others)"]
    assert lines[-1].endswith(", 326.00 a month; 3 more with --limit")
    assert (document["monthlyCost"], document["pullCost"]) == (326.0, 105.0)
    assert [document["rows"][0][name] for name in ("monthlyCost", "pullCost")] == [153.0, 105.0]
    thirds = bill_of(found, Prices(node_disk=GIB / 300))
    rows = [*found.rows, *found.rest]
    assert sum(thirds.month(row) or 0 for row in rows) == thirds.month(*rows) == Decimal("0.59")


def test_costs_in_the_report() -> None:
    """The page has what rows cost, as far as prices are given and events name what a row is."""
    prices = Prices(registry=10 * GIB, pull=GIB)
    document = contents_of(DiskReport(disks=disks(), pulls=table(), prices=prices)).document()
    titles = [[column["title"] for column in one["columns"]] for one in read(document)["tables"]]
    (_, _, _, namespaces, _) = read(document)["tables"]

    assert [[t for t in one if t.startswith("Cost")] for one in titles] == [
        [], [], ["Cost a month"], *[["Cost a month", "Cost of pulls"]] * 2
    ]  # fmt: skip
    assert namespaces["rows"][0][-3:] == [70.0, 35.0, True]
    assert namespaces["rows"][-1][-3:] == [None, 0.0, False]


@pytest.mark.parametrize(
    ("by", "prices", "sentence"),
    [
        (None, Prices(pull=GIB), "prices are of what --by shows"),
        (By.NODE, Prices(registry=GIB), "nodes have nothing in registries"),
        (By.WORKLOAD, Prices(pull=GIB), "name no workload"),
    ],
)
def test_prices_of_what_rows_do_not_have(by: By | None, prices: Prices, sentence: str) -> None:
    """A price that could not be shown is refused, and others are taken."""
    with pytest.raises(SettingsError, match=sentence):
        check_prices(prices, by)
    check_prices(prices_of(GIB), By.NODE)
    check_prices(Prices(), None)


async def test_of_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    """Of one namespace its own pulls count, of nodes that there are; without rights a note says."""
    view = Cluster(node_disks=disks(), pulled=PULLED, namespace="blue")
    asked = WhoQuestion(
        by=By.NODE, scope=UsageScope(), output=UsageOutput.CSV, seconds=9, prices=Prices(pull=GIB)
    )

    await run_who(outside(view), asked)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["name"], row["pulls"], row["pulledBytes"], row["pullCost"]) for row in rows] == [
        ("n1", "1", "", "0.0"), ("n2", "0", "0", "0.0")
    ]  # fmt: skip

    await run_who(outside(replace(view, pulled=None)), replace(asked, output=UsageOutput.TABLE))
    shown = capsys.readouterr().out
    assert "SLOWEST PULL" not in shown
    assert "note: what nodes pulled is not known: you may not list events" in shown
