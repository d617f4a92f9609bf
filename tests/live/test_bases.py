"""What policies say of bases, on images whose layers prove, claim or contradict them."""

from dataclasses import dataclass

import pytest

from tests.live.api import eventually
from tests.live.programs import Program
from tests.live.room import Room
from tests.live.shelf import TINY, noise, noisy, stacked
from tests.support.images import Image, image, layer

pytestmark = pytest.mark.lab

NAME = "org.opencontainers.image.base.name"


@dataclass(frozen=True, kw_only=True)
class Stock:
    """The base that policies know as `golden`, and images that have something to do with it."""

    room: Room
    golden: Image
    reference: str

    def image(self, kind: str) -> Image:
        """Make one of the images of the table."""
        makers = {
            "on golden": lambda: stacked(self.golden, noise(TINY, "own")),
            "golden itself": lambda: self.golden,
            "on something": lambda: noisy(TINY, TINY),
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
PROVEN = "golden (Slim, Proven)"
# bases of the policy, the image, what becomes of it, and what is said.
CASES = {
    "allowed and proven": ({"allow": ["golden"]}, "on golden", ADMITTED, ""),
    "allowed by a glob of its reference": ({"allow": ["gold*"]}, "golden itself", ADMITTED, ""),
    "not among those allowed": (
        {"allow": ["gcr.io/distroless/**"]}, "on golden", DENIED,
        f"is based on {PROVEN}, which the policy does not allow",
    ),
    "of unknown base": (
        {"allow": ["golden"]}, "on something", WARNED, "could not be judged",
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
        {"deny": ["golden"]}, "on golden", DENIED,
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
    known = [{"reference": stock.reference, "name": "golden", "tier": "Slim"}]
    reference = room.shelf.push(stock.image(kind))
    policy = room.policy(bases={**bases, "known": known})

    answer = room.ask(reference)

    texts = [answer.message] if answer.message else list(answer.warnings)
    found = DENIED if answer.status == 403 else WARNED if answer.warnings else ADMITTED
    assert (found, texts) == (outcome, texts)
    assert [said in text and f"[policy {policy}, " in text for text in texts] == [True] * len(texts)


def test_a_known_base_that_is_gone(room: Room, stock: Stock, controller: Program) -> None:
    """An image that may stand on it is unknown, not denied; the policy's status names the base."""
    gone = room.shelf.reference(repository="gone")
    reference = room.shelf.push(stock.image("on golden"))
    bases = {"allow": [gone], "known": [{"reference": gone, "name": "gone"}]}
    policy = room.policy(bases=bases)

    answer = room.ask(reference)

    assert answer.status == 201
    (warning,) = answer.warnings
    assert "could not be judged (linux/amd64) [policy " in warning
    assert f", base]: an allowed base could not be looked up: {room.shelf.registry}" in warning
    message = eventually(
        lambda: next(
            (
                condition["message"]
                for condition in room.status(policy).get("conditions", [])
                if (condition["type"], condition["status"]) == ("BasesResolved", "False")
            ),
            "",
        ),
        "the status says that the base is missing",
    )
    assert message.startswith(f"{gone}: ")
    assert controller.runs()
