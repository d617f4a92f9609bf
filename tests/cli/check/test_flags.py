"""Limits on the command line, as a policy that denies what is above them."""

import pytest

from slimgate.cli.check.flags import FLAGS, Flags
from slimgate.core.errors import SettingsError
from slimgate.core.images.tier import Tier
from slimgate.core.policies.policy import Limit, Limits, Mode

MIB = 2**20


def test_all() -> None:
    """Each flag is a limit of a policy in mode Enforce, which matches everything."""
    policy = Flags(pull="100Mi", unpacked="1Gi", layers="30", tier="Slim").policy()

    assert (policy.name, policy.mode) == (FLAGS, Mode.ENFORCE)
    assert policy.limits == Limits(
        pull_size=Limit(deny=100 * MIB), unpacked_size=Limit(deny=1024 * MIB), layers=Limit(deny=30)
    )
    assert policy.bases is not None
    assert policy.bases.max_tier is not None
    assert policy.bases.max_tier.deny is Tier.SLIM


def test_none() -> None:
    """Without a flag there is no policy to make."""
    assert not Flags()
    assert Flags(tier="Slim")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (Flags(pull="big"), "--max-pull: "),
        (Flags(pull="0"), "--max-pull: "),
        (Flags(pull="-1Mi"), "--max-pull: "),
        (Flags(unpacked=""), "--max-unpacked: "),
        (Flags(layers="1.5"), "--max-layers: "),
        (Flags(layers="9" * 5000), "--max-layers: "),
        (Flags(tier="Fat"), "--max-tier: "),
        (Flags(tier="slim"), "--max-tier: "),
        (Flags(pull="1Mi", tier="\x1b[2J"), "--max-tier: "),
    ],
)
def test_mistakes(flags: Flags, expected: str) -> None:
    """A mistake names its flag, in the words of the policy's own parser."""
    with pytest.raises(SettingsError) as caught:
        flags.policy()

    assert str(caught.value).startswith(expected)
    assert str(caught.value).isprintable()
    assert "spec." not in str(caught.value)
