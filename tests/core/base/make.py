"""Makes image configs as builders write them, from short lines.

A line is a history entry's created_by; `~` before it says that it made no layer, and what follows
`  ## ` is the entry's comment. Lines that BuildKit wrote get its comment by themselves.
"""

from collections.abc import Mapping

from slimgate.core.images.facts import DiffID, LayerContents, Platform
from slimgate.core.images.oci import HistoryEntry, ImageConfig

MB = 1_000_000
LINUX = Platform("linux", "amd64")


def entry(line: str) -> HistoryEntry:
    """Make one history entry of one line."""
    text, _, comment = line.partition("  ## ")
    empty = text.startswith("~")
    if not comment and text.endswith("# buildkit"):
        comment = "buildkit.dockerfile.v0"
    return HistoryEntry(created_by=text.removeprefix("~"), comment=comment, empty_layer=empty)


def diff_ids(count: int, start: int = 0) -> tuple[DiffID, ...]:
    """Make the diffIDs of `count` layers; the same start gives the same layers."""
    return tuple(DiffID(f"sha256:{number:064x}") for number in range(start, start + count))


def config(
    *lines: str,
    env: tuple[str, ...] = (),
    labels: Mapping[str, str] | None = None,
    platform: Platform = LINUX,
    entrypoint: tuple[str, ...] = (),
    user: str = "",
    layers: int | None = None,
) -> ImageConfig:
    """Make a config with this history, and a layer for each line that made one."""
    history = tuple(entry(line) for line in lines)
    made = sum(not one.empty_layer for one in history)
    return ImageConfig(
        platform=platform,
        diff_ids=diff_ids(made if layers is None else layers),
        history=history,
        env=env,
        labels=labels or {},
        entrypoint=entrypoint,
        user=user,
    )


def listing(*paths: str, complete: bool = True) -> LayerContents:
    """Make what a layer was found to hold."""
    return LayerContents(paths=frozenset(paths), complete=complete)


def run(text: str) -> str:
    """Write the line of a RUN as BuildKit does."""
    return f"RUN /bin/sh -c {text} # buildkit"
