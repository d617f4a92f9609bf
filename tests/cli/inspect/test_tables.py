"""Tables for people: what stands in them, with and without a terminal, and nothing hostile."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from slimgate.cli.inspect.tables import images_table, layers_tables
from slimgate.cli.shared.cells import allows_bars
from slimgate.core.images.facts import Gap, Inspection, Size
from tests.cli.facts import FAT, HOSTILE, SAVED, SOYA, inspection
from tests.cli.make import printed
from tests.core.make import MIB

ALL = [inspection("shop:fat", FAT), inspection("shop:soya", SOYA)]
CLEAN = [inspection("shop:fat", replace(FAT, toolchains=())), inspection("shop:soya", SOYA)]

IMAGES = """\
IMAGE      PLATFORM        PULL  UNPACKED  LAYERS  BASE                         TOOLCHAINS
shop:fat   linux/amd64  120 MiB   320 MiB       2  go:1.26 (Builder, Proven)    go
shop:soya  linux/amd64    6 MiB    15 MiB       1  static (Distroless, Proven)  -
"""

BARS = """\
IMAGE      PLATFORM        PULL                        UNPACKED  LAYERS  BASE
shop:fat   linux/amd64  120 MiB  ████████████████████   320 MiB       2  go:1.26 (Builder, Proven)
shop:soya  linux/amd64    6 MiB  █                       15 MiB       1  static (Distroless, Proven)
"""

SOYA_LAYERS = """\

shop:soya (linux/amd64)
pull 6 MiB, unpacked 15 MiB, base static (Distroless, Proven)
#   PULL  UNPACKED  OF PULL  MADE BY
1  6 MiB    15 MiB   100.0%  COPY app /app
"""

LAYERS = f"""\
shop:fat (linux/amd64)
pull 120 MiB, unpacked 320 MiB, base go:1.26 (Builder, Proven), toolchains go
#    PULL  UNPACKED  OF PULL  MADE BY
1  30 MiB    80 MiB    25.0%  ADD file:1 in /
2  90 MiB   240 MiB    75.0%  RUN go build
{SOYA_LAYERS}"""

SAVED_IMAGE = """\
IMAGE  PLATFORM        PULL  UNPACKED  LAYERS  BASE
s.tar  linux/amd64  unknown    15 MiB       1  unknown
s.tar (linux/amd64): pull size unknown: it was saved
s.tar (linux/amd64): it claims to be based on alpine, but its lowest layers are not
"""

SAVED_LAYERS = """\
s.tar (linux/amd64)
pull unknown, unpacked 15 MiB, base unknown
#     PULL  UNPACKED  OF UNPACKED  MADE BY
1  unknown    15 MiB       100.0%  -
s.tar (linux/amd64): pull size unknown: it was saved
s.tar (linux/amd64): it claims to be based on alpine, but its lowest layers are not
"""


TOLD_IMAGES = """\
IMAGE      PLATFORM        PULL  UNPACKED  LAYERS  BASE
shop:fat   linux/amd64  120 MiB  320 MiB*       2  go:1.26 (Builder, Proven)
shop:soya  linux/amd64    6 MiB    15 MiB       1  static (Distroless, Proven)
* estimated from a part of a layer; --exact measures it
"""

TOLD_LAYERS = f"""\
shop:fat (linux/amd64)
pull 120 MiB, unpacked 320 MiB*, base go:1.26 (Builder, Proven)
#    PULL  UNPACKED  OF PULL  MADE BY
1  30 MiB    80 MiB    25.0%  ADD file:1 in /
2  90 MiB  240 MiB*    75.0%  RUN go build
* estimated from a part of a layer; --exact measures it
{SOYA_LAYERS}"""


BOUND_IMAGES = """\
IMAGE      PLATFORM        PULL    UNPACKED  LAYERS  BASE
shop:fat   linux/amd64  120 MiB  >= 1.2 GiB       2  go:1.26 (Builder, Proven)
shop:soya  linux/amd64    6 MiB      15 MiB       1  static (Distroless, Proven)
shop:fat (linux/amd64): unpacked size unknown: it wraps
"""

WIDE_IMAGES = f"""\
IMAGE      PLATFORM        PULL  UNPACKED  LAYERS  LARGEST LAYER  BASE                         \
TOOLCHAINS  CREATED               DIGEST
shop:fat   linux/amd64  120 MiB   320 MiB       2         90 MiB  go:1.26 (Builder, Proven)    \
go          2026-01-01T00:00:00Z  sha256:{"f" * 64}
shop:soya  linux/amd64    6 MiB    15 MiB       1          6 MiB  static (Distroless, Proven)  \
-           2026-01-01T00:00:00Z  sha256:{"f" * 64}
"""

BOUND_LAYERS = f"""\
shop:fat (linux/amd64)
pull 120 MiB, unpacked >= 1.2 GiB, base go:1.26 (Builder, Proven)
#    PULL    UNPACKED  OF PULL  MADE BY
1  30 MiB      80 MiB    25.0%  ADD file:1 in /
2  90 MiB  >= 1.1 GiB    75.0%  RUN go build
shop:fat (linux/amd64): unpacked size unknown: it wraps
{SOYA_LAYERS}"""


def _second(size: Size) -> list[Inspection]:
    first, second = FAT.layers
    layers = (first, replace(second, unpacked=size))
    return [
        inspection("shop:fat", replace(FAT, layers=layers, toolchains=())),
        inspection("shop:soya", SOYA),
    ]


ESTIMATED = _second(Size.estimated(240 * MIB))
BOUND = _second(Size.unknown("it wraps", at_least=1127 * MIB))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (images_table(ALL, bars=False), IMAGES),
        (images_table(CLEAN, bars=True), BARS),
        (layers_tables(ALL, bars=False), LAYERS),
        (images_table([inspection("s.tar", SAVED)], bars=False), SAVED_IMAGE),
        (layers_tables([inspection("s.tar", SAVED)], bars=False), SAVED_LAYERS),
        (images_table(ESTIMATED, bars=False), TOLD_IMAGES),
        (layers_tables(ESTIMATED, bars=False), TOLD_LAYERS),
        (images_table(BOUND, bars=False), BOUND_IMAGES),
        (layers_tables(BOUND, bars=False), BOUND_LAYERS),
        (images_table(ALL, bars=True, wide=True), WIDE_IMAGES),
    ],
    ids=[
        "images", "bars", "layers", "unknown sizes", "layers of unknown pull size",
        "estimated sizes", "layers of estimated size", "lower bounds", "layers of lower bounds",
        "wide",
    ],
)  # fmt: skip
def test_tables(table: RenderableType, expected: str) -> None:
    """Every figure says which size it is, and every unknown one why."""
    assert expected == printed(table)


def test_wide_layers() -> None:
    """Wide tables of layers have their digests and media types, and no bars."""
    lines = printed(layers_tables(ALL[1:], bars=True, wide=True)).splitlines()

    assert [cell.strip() for cell in lines[2].split("  ") if cell.strip()] == [
        "#", "PULL", "UNPACKED", "OF PULL", "DIGEST", "MEDIA TYPE", "MADE BY"
    ]  # fmt: skip
    assert lines[3].split() == [
        "1", "6", "MiB", "15", "MiB", "100.0%", f"sha256:{3:064x}",
        "application/vnd.oci.image.layer.v1.tar+gzip", "COPY", "app", "/app",
    ]  # fmt: skip


@pytest.mark.parametrize("write", [images_table, layers_tables])
def test_hostile_texts(write: type) -> None:
    """Escapes, newlines, direction changes and markup in facts are shown, not obeyed."""
    shown = printed(write([inspection("evil", HOSTILE)], bars=True), width=3000)

    assert all(line.isprintable() for line in shown.splitlines())
    assert "[red]\\x1b[2J\\u202e" in shown


@pytest.mark.parametrize(
    ("width", "terminal", "encoding", "expected"),
    [(120, True, "utf-8", True), (80, True, "utf-8", False), (120, False, "utf-8", False),
     (120, True, "ascii", False)],
)  # fmt: skip
def test_bars_where_the_terminal_allows(
    *, width: int, terminal: bool, encoding: str, expected: bool
) -> None:
    """Bars need a terminal, room and the characters."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, force_terminal=terminal, legacy_windows=False)

    assert expected == allows_bars(console)


def test_what_is_shown_of_an_unknown_size() -> None:
    """A table marks nothing, and explains nothing, where no size in it is estimated."""
    estimated, unknown = (
        replace(FAT.layers[0], unpacked=size) for size in (Size.estimated(1), Size.unknown("zstd"))
    )
    shown = [inspection("shop:fat", replace(FAT, layers=(estimated, unknown)))]

    assert "*" not in printed(images_table(shown, bars=False))
    assert "1 B*" in printed(layers_tables(shown, bars=False))


def test_lower_bounds_on_usual_terminals() -> None:
    """80 columns hold them, and cut no figure."""
    lines = printed(images_table(BOUND, bars=False), width=80).splitlines()

    assert lines == BOUND_IMAGES.splitlines()
    assert max(map(len, lines)) <= 80


def test_narrow_terminals() -> None:
    """On a narrow terminal instructions are cut, and figures stay whole."""
    long = tuple(replace(layer, created_by=f"RUN {'x' * 150}") for layer in FAT.layers)
    facts = [inspection("shop:fat", replace(FAT, layers=long)), *ALL]
    lines = printed(layers_tables(facts, bars=False), width=45).splitlines()

    assert "2  90 MiB   240 MiB    75.0%  RUN go build" in lines
    assert f"2  90 MiB   240 MiB    75.0%  RUN {'x' * 10}…" in lines


def test_gaps_are_said() -> None:
    """What of an index is not known stands below, with what it is about."""
    gap = Gap(message="it has no image for linux/arm64", reason="not_found")
    table = images_table([replace(inspection("shop:soya", SOYA), gaps=(gap,))])

    assert printed(table).splitlines()[-1] == "shop:soya: it has no image for linux/arm64"
