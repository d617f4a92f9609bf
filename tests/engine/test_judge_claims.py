"""Verdicts on images whose author also pushed the base that they claim, and wrote its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from slimgate.core.images.facts import LayerContents, Size
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.finding import Outcome
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ports import LayerReading
from tests.engine.cluster import Keys, base_image, policy, workload
from tests.engine.shelf import APP, Shelf, inspector
from tests.support import images
from tests.support.clock import Clock
from tests.support.images import Layer

GOLDEN, MINE = "base.test/golden/go:1", "author.test/mine:1"
NAME = "org.opencontainers.image.base.name"
DEBIAN = {"created_by": "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'"}
COPY = {"created_by": "COPY app /app # buildkit"}
BUSYBOX = {"created_by": "BusyBox 1.37.0 (glibc), Debian 13"}
ALPINE = {"created_by": "ADD alpine-minirootfs-3.20.0-x86_64.tar.gz / # buildkit"}
NOTHING = {"created_by": "COPY rootfs / # buildkit"}
SYSTEM = images.layer({"bin/sh": b"ELF", "etc/os-release": b"ID=debian"})
MID, OWN = images.layer({"mid": b"mid"}), images.layer({"app": b"app"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who pushes images and bases of his own, and a judge of them; `golden` is not his."""

    shelf: Shelf
    catalog: Catalog
    judge: Judge
    inspector: Inspector

    def base(self, reference: str, *layers: Layer, history: Sequence[Mapping[str, str]]) -> None:
        """Push a base."""
        self.shelf.put(reference, images.image(layers, history=history))

    def app(self, *layers: Layer, history: Sequence[Mapping[str, str]], claims: str = "") -> None:
        """Push the image."""
        claim = {NAME: claims} if claims else {}
        self.shelf.put(APP, images.image(layers, history=history, annotations=claim))

    async def judged(self, **bases: object) -> list[tuple[Outcome, object, Evidence | None]]:
        """Judge the image by a policy; tell outcomes, what they are of and on which evidence."""
        self.catalog.put_policy(policy(bases=bases))
        verdict = await self.judge.judge(workload(APP))
        return [(one.outcome, one.value, one.evidence) for one in verdict.findings]


@pytest.fixture
def author(shelf: Shelf, clock: Clock) -> Author:
    """Let there be debian under the name of a BaseImage."""
    catalog, now = Catalog(), datetime(2026, 11, 29, tzinfo=UTC)
    catalog.put_base_image(base_image(GOLDEN))
    watched = inspector(shelf, clock)
    judge = Judge(inspector=watched, catalog=catalog, keyring=Keys(), now=lambda: now, seconds=5)
    author = Author(shelf=shelf, catalog=catalog, judge=judge, inspector=watched)
    author.base(GOLDEN, SYSTEM, history=[DEBIAN])
    return author


@pytest.mark.parametrize("history", [ALPINE, NOTHING], ids=["alpine", "nothing"])
@pytest.mark.parametrize(
    ("rule", "globs", "expected"),
    [
        ("allow", ["scratch", "alpine"], (Outcome.DENY, MINE, Evidence.PROVEN)),
        ("deny", ["debian"], (Outcome.DENY, "debian", Evidence.INFERRED)),
    ],
)
async def test_the_config_of_a_claimed_base_proves_nothing(
    author: Author, history: Mapping[str, str], rule: str, globs: list[str], expected: object
) -> None:
    """The same layer under another history makes debian neither scratch nor alpine."""
    author.catalog.drop_base_image("golden")
    author.base(MINE, SYSTEM, history=[history])
    author.app(SYSTEM, MID, OWN, history=[DEBIAN, COPY, COPY], claims=MINE)

    assert await author.judged(**{rule: globs}) == [expected]


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_claim_hides_no_name(author: Author, *, is_there: bool) -> None:
    """Who claims a base of his own, or one that there is not, looks like busybox as before."""
    if is_there:
        author.base(MINE, SYSTEM, history=[COPY])
    author.catalog.drop_base_image("golden")
    author.app(SYSTEM, MID, OWN, history=[BUSYBOX, COPY, COPY], claims=MINE)

    found = await author.judged(deny=["docker.io/library/busybox"])

    assert found == [(Outcome.DENY, "busybox:1.37.0", Evidence.INFERRED)]


GOLANG = "docker.io/library/golang"


@pytest.mark.parametrize(
    ("rule", "value", "before"),
    [
        ({"deny": [GOLANG]}, "golang:1", None),
        ({"deny": ["debian"]}, "debian", Evidence.INFERRED),
        ({"maxTier": {"deny": "Full"}}, Tier.BUILDER, Evidence.INFERRED),
    ],
    ids=["name", "family", "tier"],
)
async def test_what_denies_golang(
    author: Author, rule: Mapping[str, object], value: object, before: Evidence | None
) -> None:
    """A name needs a BaseImage; the family and the toolchain show without one (policies.md)."""
    env = {"Env": ["GOLANG_VERSION=1.26.1", "GOPATH=/go", "PATH=/usr/local/go/bin:/bin"]}
    image = images.image([SYSTEM, OWN], history=[DEBIAN, COPY], config=env)
    author.catalog.drop_base_image("golden")
    author.shelf.put(APP, image)
    assert await author.judged(**rule) == ([(Outcome.DENY, value, before)] if before else [])

    author.catalog.put_base_image(base_image(f"{GOLANG}:1", name="golang"))
    author.shelf.put(f"{GOLANG}:1", images.image([SYSTEM], history=[DEBIAN], config=env))
    await author.inspector.bases.refresh(author.catalog.base_images, [images.AMD64])

    assert await author.judged(**rule) == [(Outcome.DENY, value, Evidence.PROVEN)]


@pytest.mark.parametrize("layers", [0, 1, 2], ids=["no claim", "a copy", "a longer base"])
@pytest.mark.parametrize(
    ("rule", "globs", "expected"),
    [
        ("allow", ["base.test/golden/**"], []),
        ("deny", ["base.test/golden/go"], [(Outcome.DENY, GOLDEN, Evidence.PROVEN)]),
        ("allow", ["debian"], []),
    ],
)
async def test_no_claim_changes_what_a_base_image_proves(
    author: Author, layers: int, rule: str, globs: list[str], expected: list[object]
) -> None:
    """An image that starts with a BaseImage's layers is based on it, whatever it claims."""
    if layers:
        author.base(MINE, *[SYSTEM, MID][:layers], history=[ALPINE, COPY][:layers])
    author.app(SYSTEM, MID, OWN, history=[DEBIAN, COPY, COPY], claims=MINE if layers else "")

    assert await author.judged(**{rule: globs}) == expected


@pytest.mark.parametrize("claims", ["", GOLDEN], ids=["no claim", "claimed"])
@pytest.mark.parametrize("tier", [{}, {"tier": "Scratch"}], ids=["no word", "Scratch"])
@pytest.mark.parametrize(("file", "expected"), [("app", []), ("bin/sh", [Outcome.DENY])])
async def test_nothing_but_all_layers_proves_scratch(
    author: Author, claims: str, tier: dict[str, str], file: str, expected: list[Outcome]
) -> None:
    """A system on a base of certificates is not scratch, and a program on it is."""
    certificates, own = images.layer({"etc/ssl/ca.pem": b"pem"}), images.layer({file: b"ELF"})
    author.catalog.put_base_image(base_image(GOLDEN, **tier))
    author.base(GOLDEN, certificates, history=[COPY])
    author.app(certificates, own, history=[COPY, COPY], claims=claims)
    for layer, path in ((certificates, "etc/ssl/ca.pem"), (own, file)):
        contents = LayerContents(paths=frozenset({path}))
        reading = LayerReading(unpacked=Size.measured(4), contents=contents)
        author.shelf.readings[layer.descriptor.digest] = reading

    assert [outcome for outcome, *_ in await author.judged(allow=["scratch"])] == expected
