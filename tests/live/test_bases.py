"""What policies say of bases, on images whose layers prove, claim or contradict them."""

from dataclasses import dataclass

import pytest

from tests.lab.kubectl import Kubectl
from tests.live import make
from tests.live.api import Json, eventually
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import TINY, noise, noisy, stacked
from tests.live.site import Site
from tests.support.images import Image, image, layer

pytestmark = pytest.mark.lab

NAME = "org.opencontainers.image.base.name"
ODD = f"docker.io/{'a' * 248}"
"""The API server takes it for a reference; with library/ before its name it is too long."""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """A BaseImage, `golden`, and images that have something to do with it."""

    room: Room
    golden: Image
    reference: str

    def image(self, kind: str) -> Image:
        """Make one of the images of the table."""
        makers = {
            "on golden": lambda: stacked(self.golden, noise(TINY, "own")),
            "golden itself": lambda: self.golden,
            "claims golden": lambda: image([noise(TINY)], annotations={NAME: self.reference}),
            "claims a gone base": lambda: image(
                [noise(TINY)], annotations={NAME: self.room.shelf.reference(repository="gone")}
            ),
            "static": lambda: image([layer({"server": b"ELF"})]),
            "with a shell": lambda: image([layer({"bin/sh": b"ELF", "server": b"ELF"})]),
        }
        made: Image = makers[kind]()
        return made


@pytest.fixture
def stock(room: Room) -> Stock:
    """Push the base."""
    golden = noisy(TINY)
    return Stock(room=room, golden=golden, reference=room.shelf.push(golden, repository="golden"))


DENIED, WARNED, ADMITTED = "denied", "warned", "admitted"
PROVEN = "{golden} (Slim, Proven)"
GOLDEN = "**/golden"
# bases of the policy, the image, what becomes of it, and what is said.
CASES = {
    "allowed and proven": ({"allow": [GOLDEN]}, "on golden", ADMITTED, ""),
    "allowed by a glob of its tag": ({"allow": ["**/gold*:v?"]}, "golden itself", ADMITTED, ""),
    "not among those allowed": (
        {"allow": ["gcr.io/distroless/**"]}, "on golden", DENIED,
        f"is based on {PROVEN}, which the policy does not allow",
    ),
    "of unknown base": (
        {"allow": [GOLDEN]}, "with a shell", WARNED, "could not be judged",
    ),
    "only claimed": (
        {"allow": ["**/gone:*"]}, "claims a gone base", DENIED,
        "(Claimed), which the policy allows only if Proven",
    ),
    "claimed, which is accepted": (
        {"allow": ["**/gone:*"], "minEvidence": {"allow": "Claimed"}},
        "claims a gone base", ADMITTED, "",
    ),
    "claimed and disproved": (
        {"deny": ["silver"], "onFalseClaim": "Deny"}, "claims golden", DENIED,
        "claims to be based on ",
    ),
    "claimed and disproved, which is warned of": (
        {"maxTier": {"deny": "Builder"}}, "claims golden", WARNED,
        "claims to be based on ",
    ),
    "among those denied": (
        {"deny": [GOLDEN]}, "on golden", DENIED,
        f"is based on {PROVEN}, which the policy does not allow",
    ),
    "not among those denied": ({"deny": ["silver"]}, "on golden", ADMITTED, ""),
    "below the tier": ({"maxTier": {"deny": "Full"}}, "on golden", ADMITTED, ""),
    "of the tier": (
        {"maxTier": {"deny": "Slim"}}, "on golden", ADMITTED, "",
    ),
    "above the tier": (
        {"maxTier": {"deny": "Minimal"}}, "on golden", DENIED,
        "is of tier Slim (Proven), limit Minimal",
    ),
    "of the soft tier": (
        {"maxTier": {"warn": "Slim", "deny": "Full"}}, "on golden", ADMITTED, "",
    ),
    "above the soft tier": (
        {"maxTier": {"warn": "Minimal", "deny": "Full"}}, "on golden", WARNED,
        "is of tier Slim (Proven), limit Minimal",
    ),
    "proven to have no base": ({"allow": ["scratch"]}, "static", ADMITTED, ""),
    "on something unknown with a shell": (
        {"allow": ["scratch"]}, "with a shell", WARNED, "its base is unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bases(room: Room, stock: Stock, case: str) -> None:
    """Each rule denies, warns or admits by the strongest evidence that there is."""
    bases, kind, outcome, said = CASES[case]
    assert isinstance(bases, dict)
    said = said.format(golden=stock.reference)
    reference = room.shelf.push(stock.image(kind))
    room.base_image(stock.reference, tier="Slim")
    policy = room.policy(bases=bases)

    def answered() -> bool:
        answer = room.ask(reference)
        texts = [answer.message] if answer.message else list(answer.warnings)
        found = DENIED if answer.status == 403 else WARNED if answer.warnings else ADMITTED
        named = f"[policy {policy}, "
        # A warning is cut where it grows too long.
        return found == outcome and all(
            said in text and (named in text or text.endswith("…")) for text in texts
        )

    # The webhook hears of policies and BaseImages on two watches, of which either may be first.
    eventually(answered, f"{kind} is {outcome}, and is said to be so: {said}")


def test_a_base_image_that_is_gone(room: Room, stock: Stock, controller: Program) -> None:
    """What may be based on it is unknown, not denied; what hinges on it is not ready."""
    gone = room.shelf.reference(repository="gone")
    reference = room.shelf.push(stock.image("on golden"))
    missing = room.base_image(gone)
    policy = make.policy(room.policy(bases={"allow": ["**/gone"]}), {})
    other = make.policy(room.policy(bases={"deny": ["**/silver"]}, mode="Warn"), {})

    eventually(
        # A warning is cut at 200 characters, and the names of the lab are long.
        lambda: f": the base {gone} is" in "".join(room.ask(reference).warnings),
        "the image is unknown",
    )
    seen = {"", "Pending"}
    status, reason, message = eventually(
        lambda: c if (c := room.condition(policy, "ResolvedRefs"))[1] not in seen else None,
        "the policy says that the base is missing",
    )

    assert (status, reason) == ("False", "BaseUnresolved")
    assert message.startswith(f"{gone} of BaseImage {missing['metadata']['name']}: ")
    assert room.condition(policy, "Ready") == (status, reason, message)
    eventually(lambda: room.condition(missing, "Ready")[:2] == ("False", "NotFound"), "it is gone")
    assert [one["reference"] for one in room.status_of(missing)["errors"]] == [gone]
    eventually(lambda: room.condition(other, "Ready")[:2] == ("True", "Judging"), "it judges")
    assert controller.runs()


def test_a_base_image_that_is_gone_switches_nothing_off(room: Room) -> None:
    """The README's own policy denies a golang image, though its golden base can't be found."""
    room.base_image(room.shelf.reference(repository="golden"), tier="Distroless")
    room.policy(bases={"maxTier": {"warn": "Slim", "deny": "Full"}})
    go = {"Env": ["PATH=/usr/local/go/bin:/usr/bin", "GOLANG_VERSION=1.26.1"]}
    system = layer({"bin/sh": b"#", "usr/local/go/bin/go": b"#"})
    reference = room.shelf.push(image([system], config=go))

    for _ in range(3):
        assert "is of tier Builder (Inferred), limit Full" in room.ask(reference).message


def test_the_status_of_a_base_image(
    room: Room, stock: Stock, kubectl: Kubectl, controller: Program
) -> None:
    """Digests, platforms, and how many images in use are based on it."""
    golden = room.base_image(stock.reference, tier="Slim")
    room.policy(bases={"allow": [GOLDEN]}, mode="Audit")
    before = room.shelf.push(stock.image("on golden"), repository="before")
    for name in ("one", "two"):
        room.deploy(before, name=name)
    counted = eventually(
        lambda: s if (s := room.status_of(golden)).get("images") == 1 else None, "it is counted"
    )

    assert [one["digest"] for one in counted["resolved"]] == [stock.golden.digest]
    assert counted["resolved"][0]["platforms"] == ["linux/amd64"]
    listed = kubectl.attempt("get", "baseimages", golden["metadata"]["name"]).stdout
    row = dict(zip(*(line.split() for line in listed.splitlines()), strict=True))
    assert {name: row[name] for name in ("TIER", "IMAGES", "READY")} == {
        "TIER": "Slim", "IMAGES": "1", "READY": "True",
    }  # fmt: skip
    assert row["REFERENCE"] == stock.reference
    assert controller.runs()


@pytest.mark.usefixtures("alone")
def test_a_tag_that_has_moved(room: Room, stock: Stock, site: Site) -> None:
    """What it was is known still, even to a controller that starts after that."""
    golden = room.base_image(stock.reference)
    policy = room.policy(bases={"allow": [GOLDEN]}, mode="Audit")
    site.roles.start("controller", tag_refresh_interval="1s")
    first = stock.golden.digest
    eventually(lambda: _digests(room, golden) == [first], "it is resolved")
    moved = noisy(TINY)
    room.shelf.push(moved, repository="golden")
    eventually(lambda: _digests(room, golden) == [moved.digest, first], "its tag has moved", 15)

    site.roles.stop("controller")
    site.roles.start("controller")
    room.deploy(room.shelf.push(stock.image("on golden")), name="before")
    room.deploy(room.shelf.push(stacked(moved, noise(TINY)), "v2"), name="after")

    eventually(lambda: room.status(policy).get("workloads") == 2, "both are judged")
    counts = {name: room.status(policy)[name] for name in ("warned", "denied", "unknown")}
    assert counts == {"warned": 0, "denied": 0, "unknown": 0}
    assert _digests(room, golden) == [moved.digest, first]


def test_a_broken_base_image(room: Room, controller: Program) -> None:
    """What passes the API server and is no reference is named; mended, it is Ready."""
    good = room.shelf.push(noisy(TINY), repository="golden")
    broken = room.base_image(ODD)

    eventually(lambda: room.condition(broken, "Ready")[0] == "False", "it is not Ready")
    status, reason, message = room.condition(broken, "Accepted")
    room.api.patch(broken, {"spec": {"references": [good]}})
    eventually(lambda: room.condition(broken, "Ready")[0] == "True", "it is Ready")

    assert (status, reason) == ("False", "Invalid")
    assert message.startswith("spec.references[0]: ")
    assert controller.runs()


def _digests(room: Room, golden: Json) -> list[str]:
    return [one["digest"] for one in room.status_of(golden).get("resolved", [])]
