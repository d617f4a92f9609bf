"""Puts the page together: one file that loads nothing, and in which no name can be markup."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from typing import Final

from slimgate.cli.usage.page.contents import DiskContents, DiskReport, contents_of
from slimgate.core.quantity import format_bytes
from slimgate.core.text import printable

_IN_A_SCRIPT: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""JSON stays the same by these, and can neither end its element nor begin another.

https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
"""


def report_page(report: DiskReport, made: datetime) -> str:
    """Write the page; `made` is when the cluster was looked at."""
    style, script = _file("report.css"), _file("report.js")
    contents = contents_of(report)
    data = json.dumps(contents.document(), separators=(",", ":")).translate(_IN_A_SCRIPT)
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    when = made.strftime("%Y-%m-%d %H:%M UTC")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who fills the nodes' disks</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Who fills the nodes' disks</h1>
<p class="dim">slimgate, {when}, {len(report.disks)} nodes</p>
<ul class="cards">{"".join(_cards(contents))}</ul>
{"".join(f'<p class="dim">note: {_text(note)}</p>' for note in report.notes)}
<noscript><p>The tables and pictures below need JavaScript; nothing is loaded.</p></noscript>
<section id="disk">
<h2>One node's image disk</h2>
<div class="tools"><label>Node <select id="chosen"></select></label></div>
<ul id="legend"></ul>
<div id="map" role="img" aria-label=""></div>
<div id="cells"></div>
</section>
<div id="tables"></div>
</main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def _cards(contents: DiskContents) -> Iterable[str]:
    at_least, total = "" if contents.report.exact else "at least ", contents.fleet.total.disk
    won = "unknown" if contents.won is None else format_bytes(contents.won)
    figures = (
        (
            "of images on disk",
            at_least + format_bytes(total) if total or not at_least else "unknown",
        ),
        ("won by removing what no pod uses", format_bytes(contents.fleet.unused.disk)),
        ("won if every image were at its limits", won),
    )
    for words, figure in figures:
        yield f"<li><b>{figure}</b>{words}</li>"


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"


def _text(text: str) -> str:
    return html.escape(printable(text, 1024))
