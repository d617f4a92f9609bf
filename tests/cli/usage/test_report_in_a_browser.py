"""The report in a real Chromium: light and dark, wide and narrow, by keyboard and in print."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest

from slimgate.cli.usage.page.contents import DiskReport
from slimgate.cli.usage.page.page import report_page
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.prices import Prices
from tests.cli.usage.test_pulls_and_prices import table
from tests.cli.usage.test_report import NOW, SCRIPT, found, measured
from tests.cli.usage.test_who import disks
from tests.support.chromium import Tab, chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NODES, IMAGES, EACH = 1_000, 5_000, 50
_TAB, _ENTER = ("Tab", 9), ("Enter", 13)
_HEAD = "document.querySelector('#tables section th')"
_PAINTED = """new Promise((done) => new PerformanceObserver((list) =>
  done(list.getEntriesByName("first-contentful-paint")[0].startTime)
).observe({type: "paint", buffered: true}))"""
AXE = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    """Open a browser, in which the page may neither fail nor load anything."""
    async with chromium(tmp_path / "profile") as opened:
        yield opened
        assert opened.complaints == []
        assert {address.partition(":")[0] for address in opened.requests} == {"file"}


async def page(tmp_path: Path) -> Path:
    """Write a report of everything that it may show."""
    report = await found(replace(measured(), node="n3"))
    prices = Prices(node_disk=Decimal(2**20), registry=Decimal(2**20), pull=Decimal(2**20))
    return _written(replace(report, pulls=table(), prices=prices, notes=("a note",)), tmp_path)


def _written(report: DiskReport, folder: Path) -> Path:
    file = folder / "report.html"
    file.write_text(report_page(report, NOW), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [1280, 420, 320])
async def test_accessible(tab: Tab, tmp_path: Path, width: int) -> None:
    """axe-core has nothing to complain of, and nothing but tables is wider than the window."""
    await tab.open(await page(tmp_path))
    await tab.evaluate(AXE)
    for dark, expected in ((False, "rgb(255, 255, 255)"), (True, "rgb(13, 17, 23)")):
        await tab.look(width=width, dark=dark)
        found = await tab.evaluate("axe.run().then((all) => JSON.stringify(all.violations))")

        assert [(one["id"], one["help"]) for one in json.loads(found)] == []
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        back = await tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert back == expected


async def test_names_are_no_markup(tab: Tab, tmp_path: Path) -> None:
    """What names hold neither runs nor becomes an element, on any screen of the page."""
    several = [
        replace(disk, node=SCRIPT + disk.node, images=_named(disk)) for disk in disks(SCRIPT)
    ]
    await tab.open(_written(DiskReport(disks=several, notes=(SCRIPT,)), tmp_path))
    await tab.evaluate("for (const one of document.querySelectorAll('button')) one.click()")

    assert await tab.evaluate("document.querySelectorAll('img, iframe').length") == 0
    assert await tab.evaluate("document.querySelectorAll('script').length") == 2
    assert SCRIPT in await tab.evaluate("document.querySelector('#tables').textContent")


async def test_by_keyboard(tab: Tab, tmp_path: Path) -> None:
    """Tables are searched and sorted, and a node's picture is chosen, without a mouse."""
    await tab.open(await page(tmp_path))
    assert await tab.evaluate(f"{_HEAD}.parentNode.children[1].ariaSort") == "descending"

    await tab.evaluate("document.querySelector('#tables input').focus()")
    await tab.write("N3")
    assert await tab.evaluate("document.querySelectorAll('#tables tbody')[0].rows.length") == 1
    # The table itself, which can be scrolled, its first head, and later the name of its only node.
    await tab.press(*_TAB, times=2)
    assert await tab.evaluate(f"document.activeElement.parentNode === {_HEAD}")
    assert await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await tab.press(*_ENTER)
    assert await tab.evaluate(f"{_HEAD}.ariaSort") == "ascending"
    await tab.press(*_TAB, times=10)
    assert await tab.evaluate("document.activeElement.textContent") == "n3"
    await tab.press(*_ENTER)
    label = await tab.evaluate("document.querySelector('#map').ariaLabel")
    assert label.startswith("The image disk of n3: of no known image ")
    assert await tab.evaluate("document.activeElement.id") == "chosen"


async def test_in_print(tab: Tab, tmp_path: Path) -> None:
    """Paper is white, and has pictures with their colours, and nothing that is to be pressed."""
    await tab.open(await page(tmp_path), dark=True)
    assert (await tab.printed()).startswith(b"%PDF-")
    await tab.look(width=800, dark=True, media="print")

    assert await tab.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
    assert await tab.evaluate(
        "[...document.querySelectorAll('.tools, .more')].every((one) => !one.offsetParent)"
    )
    style = "getComputedStyle(document.querySelector('#map'))"
    assert await tab.evaluate(f"{style}.printColorAdjust") == "exact"


async def test_of_a_large_cluster(tab: Tab, tmp_path: Path) -> None:
    """1,000 nodes of 50 images out of 5,000 are a file below 10 MB, painted within 2 s."""
    first = disks()[0]
    one, share = first.images[0], first.owners.images[0]
    models = []
    for number in range(NODES):
        places = [(number * EACH + place) % IMAGES for place in range(EACH)]
        images = tuple(
            replace(one, names=(f"registry.example.com/team-{p % 40}/app-{p}:1",), digest=None)
            for p in places
        )
        owners = replace(first.owners, images=[share] * EACH)
        models.append(replace(first, node=f"node-{number}", images=images, owners=owners))
    file = _written(DiskReport(disks=models), tmp_path)

    assert file.stat().st_size < 10 * 10**6
    await tab.open(file)
    assert await tab.evaluate(_PAINTED) < 2_000
    assert await tab.evaluate("document.querySelectorAll('#chosen option').length") == NODES
    took = await tab.evaluate(
        "(() => { const since = performance.now();"
        "document.querySelectorAll('#tables th button')[0].click();"
        "return performance.now() - since; })()"
    )
    assert took < 1_000


def _named(disk: NodeDisk) -> tuple[ImageDisk, ...]:
    return tuple(replace(image, names=(SCRIPT,)) for image in disk.images)
