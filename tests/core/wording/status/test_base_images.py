"""The status of a BaseImage."""

import json

import pytest

from slimgate.core.errors import NotFoundError, RateLimitedError, UnavailableError
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.wording.status import BaseLookup, base_image_status
from tests.core.wording.status.make import brief, messages

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
ONE, TWO = (Digest(f"sha256:{letter * 64}") for letter in "ab")
FOUND = BaseLookup(reference="r.io/golden:1", digests=[(TWO, (ARM64, AMD64)), (ONE, (AMD64,))])
PENDING = BaseLookup(reference="r.io/golden:2", pending=True)
GONE = BaseLookup(reference="r.io/golden:3", error=NotFoundError("it is gone"), digests=[(ONE, ())])


@pytest.mark.parametrize(
    ("lookups", "expected"),
    [
        ([FOUND], ("True Resolved", "True Comparing")),
        ([FOUND, PENDING], ("Unknown Pending", "Unknown Pending")),
        ([PENDING, GONE], ("False NotFound", "False NotFound")),
        (
            [BaseLookup(reference="a", error=RateLimitedError("slow down"))],
            ("False RateLimited", "False RateLimited"),
        ),
    ],
)
def test_conditions(lookups: list[BaseLookup], expected: tuple[str, str]) -> None:
    """It is resolved once each reference has been looked up and found; a reason says what fails."""
    assert brief(base_image_status(None, lookups, 0)) == {
        "Accepted": "True Accepted",
        "ResolvedRefs": expected[0],
        "Ready": expected[1],
    }


def test_fields() -> None:
    """What each reference is and was, what fails, and how many images are based on it."""
    status = base_image_status(None, [FOUND, PENDING, GONE], 4)

    assert status.fields == {
        "images": 4,
        "resolved": [
            {
                "reference": "r.io/golden:1",
                "digest": TWO,
                "platforms": ["linux/amd64", "linux/arm64"],
            },
            {"reference": "r.io/golden:1", "digest": ONE, "platforms": ["linux/amd64"]},
            {"reference": "r.io/golden:3", "digest": ONE, "platforms": []},
        ],
        "errors": [{"reference": "r.io/golden:3", "message": "it is gone"}],
    }
    assert messages(status)["Ready"] == "r.io/golden:3: it is gone"


def test_an_invalid_base_image() -> None:
    """Nothing of it is looked up."""
    status = base_image_status("spec.tier: must be another.", [], 0)

    assert brief(status) == {
        "Accepted": "False Invalid",
        "ResolvedRefs": "Unknown Invalid",
        "Ready": "False Invalid",
    }


def test_a_status_is_bounded() -> None:
    """However many references and digests there are, and however long errors are."""
    digests = [(Digest(f"sha256:{n:064x}"), [AMD64] * 99) for n in range(99)]
    lookups = [
        BaseLookup(
            reference="r.io/" + "a" * 500, digests=digests, error=UnavailableError("x" * 9999)
        )
        for _ in range(32)
    ]
    status = base_image_status(None, lookups, 0)
    resolved, errors = status.fields["resolved"], status.fields["errors"]
    assert isinstance(resolved, list)
    assert isinstance(errors, list)

    assert (len(resolved), len(resolved[0]["platforms"])) == (128, 16)
    assert (len(errors), len(errors[0]["message"])) == (32, 256)
    assert all(len(message) <= 1024 for message in messages(status).values())
    assert len(json.dumps(status.fields)) < 150_000
