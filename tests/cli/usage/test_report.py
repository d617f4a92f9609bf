"""The report as a page: whole sums, no name that is markup, nothing that is loaded."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slimgate.cli.main import build
from slimgate.cli.usage.limits import limits_of
from slimgate.cli.usage.page.contents import MAX_CELLS, MAX_ROWS, DiskReport, contents_of
from slimgate.cli.usage.page.page import report_page
from slimgate.cli.usage.report import report_of
from slimgate.core.errors import SettingsError
from slimgate.core.matching.selector import Selector
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.model import model, node_disk
from slimgate.core.nodes.prices import Prices
from slimgate.core.nodes.summary import ImageFs
from slimgate.settings import Settings
from tests.cli.clusters import Cluster
from tests.cli.facts import HOSTILE_TEXT
from tests.cli.make import read
from tests.cli.preview.cases import workload
from tests.cli.usage.test_who import LAYOUT, POLICY, disks, outside
from tests.core.disks import REPOSITORY, digest, facts, listed, node

NOW = datetime(2026, 11, 30, 9, 41, tzinfo=UTC)
SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
KINDS = ("own", "shared", "unused", "over", "pinned", "unexplained")


class Page(HTMLParser):
    """What a browser makes of a page: elements, their attributes, the text in some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.texts: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Hear of an element that begins."""
        self.elements.append(tag)
        self._inside = tag
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        """Hear of text in the last element that began."""
        if self._inside:
            self.texts.setdefault(self._inside, []).append(data)

    def handle_endtag(self, tag: str) -> None:
        """Hear of an element's end."""
        del tag
        self._inside = ""


def measured() -> NodeDisk:
    """Model a node on which more was measured than its images explain."""
    image_fs = ImageFs(used=10**9, capacity=2 * 10**9, available=10**9)
    return model(node(listed("a")), {}, LAYOUT, image_fs=image_fs)


async def found(*more: NodeDisk) -> DiskReport:
    """Look at the nodes of other tests, with a limit that two images are above."""
    view = Cluster(policy_objects=[POLICY], running=[workload("web", REPOSITORY, namespace="red")])
    several = [*disks(), *more]
    limits, notes = await limits_of(view, Settings(), several)
    return DiskReport(disks=several, limits=limits, notes=notes)


async def test_sums_are_whole() -> None:
    """The parts that are drawn of a disk are all that is on it, and those over limits are known."""
    report = await found(replace(measured(), node="n3"))
    contents = contents_of(report)
    document = read(contents.document())

    drawn = {
        one["name"]: {
            kind: sum(size for _, number, size in one["cells"] if number == place)
            for place, kind in enumerate(KINDS)
        }
        for one in document["nodes"]
    }
    assert {name: sum(parts.values()) for name, parts in drawn.items()} == {
        disk.node: disk.owners.total.disk for disk in report.disks
    }
    assert drawn["n1"]["unused"] == 55
    assert drawn["n3"]["unexplained"] == report.disks[2].owners.unexplained > 0
    assert sum(parts["over"] for parts in drawn.values()) == contents.won == 22
    assert [table["title"] for table in document["tables"]] == [
        "Nodes", "Images", "Workloads", "Namespaces", "Bases"
    ]  # fmt: skip
    for table in document["tables"]:
        assert {len(row) for row in table["rows"]} == {len(table["columns"]) + 1}


async def test_unknown_is_not_zero() -> None:
    """Where limits, or what is free of a disk, are not known there is no figure."""
    nothing = node_disk(node(listed("a"), listed("b")), [], {})
    contents = contents_of(replace(await found(), limits=None))
    (nodes, images, _, namespaces, _) = read(contents.document())["tables"]
    (all_unknown, *_) = read(contents_of(DiskReport(disks=[nothing])).document())["tables"]

    assert images["rows"][-1][1:6] == [None] * 5
    assert (namespaces["rows"][-1][0], namespaces["rows"][-1][1:4]) == ("lost", [None] * 3)
    assert all_unknown["rows"][0][1:6] == [None] * 5
    assert "<b>unknown</b>of images on disk" in report_page(DiskReport(disks=[nothing]), NOW)

    assert contents.won is None
    assert [row[5:9] for row in nodes["rows"]] == [[None, None, None, None]] * 2
    assert {row[5] for row in images["rows"]} == {None}
    assert "<b>unknown</b>won if every image" in report_page(contents.report, NOW)


def test_bounds() -> None:
    """Very many images are drawn and listed up to a bound; the rest is named and adds up."""
    number = MAX_ROWS + 3
    one = digest("a")
    disk = node_disk(node(listed("a")), [], {one: (facts("a"),)})
    image = replace(disk.images[0], names=("x",))
    many = replace(
        disk,
        images=tuple(replace(image, digest=digest(f"{place}")) for place in range(number)),
        owners=replace(disk.owners, images=[*disk.owners.images] * number),
    )
    document = read(contents_of(DiskReport(disks=[many])).document())

    assert len(document["nodes"][0]["cells"]) == MAX_CELLS + 1
    assert sum(cell[2] for cell in document["nodes"][0]["cells"]) == 11 * number
    assert (document["tables"][1]["omitted"], len(document["tables"][1]["rows"])) == (3, MAX_ROWS)


@pytest.mark.parametrize("name", [SCRIPT, HOSTILE_TEXT, "<!--", "&lt;b&gt;'\"", "]]>"])
async def test_hostile_names(name: str) -> None:
    """Names of nodes, images, workloads and in notes are text, wherever they stand."""
    plain = Page(report_page(DiskReport(disks=disks(), notes=("n",)), NOW))
    several = [
        replace(
            disk,
            node=name + disk.node,
            images=tuple(replace(i, names=(name,)) for i in disk.images),
        )
        for disk in disks(name)
    ]
    report = DiskReport(disks=several, notes=(name,))
    text = report_page(report, NOW)
    page = Page(text)

    assert page.elements == plain.elements
    assert page.attributes == plain.attributes
    data, script = page.texts["script"]
    assert json.loads(data) == read(contents_of(report).document())
    assert script == plain.texts["script"][1]
    assert all(line.isprintable() for line in text.splitlines())


async def test_nothing_is_loaded() -> None:
    """The page has no address, and runs and shows by its own policy only what it came with."""
    text = report_page(await found(), NOW)
    page = Page(text)

    assert not {"src", "href", "onclick", "onload", "style"} & page.attributes.keys()
    assert "url(" not in text
    assert "innerHTML" not in text
    allowed = page.attributes["content"][0]
    assert allowed.startswith("default-src 'none'; ")
    for own in (page.texts["style"][0], page.texts["script"][1]):
        hashed = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"'sha256-{hashed}'" in allowed


async def test_report_of_a_cluster() -> None:
    """The nodes of a cluster are looked at, and what can't be known of them is noted."""
    view = Cluster(node_disks=[replace(one, truncated=True) for one in disks()])
    page = await report_of(outside(view), Selector(), 9, Prices())

    assert "2 nodes" in page
    assert "note: 2 of 2 kubelets list only some of their images" in page


def test_file_is_asked_for() -> None:
    """Without a file there is no report."""
    result = CliRunner().invoke(build(), ["report"])
    assert result.exit_code == 2
    assert "--html" in result.output + str(result.exception)


def test_where_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is in the file, or printed; a file that can't be written is said, by name."""
    view = Cluster(node_disks=disks())
    monkeypatch.setattr("slimgate.cli.shared.outside.real", lambda *_: outside(view))
    run = CliRunner().invoke

    written = run(build(), ["report", "--html", str(tmp_path / "a.html")])
    printed = run(build(), ["report", "--html", "-"])
    failed = run(build(), ["report", "--html", str(tmp_path / "no" / "a.html")])

    assert (written.exit_code, written.stdout, printed.exit_code) == (0, "", 0)
    for page in ((tmp_path / "a.html").read_text(encoding="utf-8"), printed.stdout):
        assert page.startswith("<!DOCTYPE html>")
        assert page.endswith("</html>\n")
    assert isinstance(failed.exception, SettingsError)
    assert "a.html: No such file or directory" in str(failed.exception)
