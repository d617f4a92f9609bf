"""Identities: what separates caches, and what must not show in logs."""

import pytest

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity

ALICE = Credential(username="alice", password="secret-1")
ENTRY = CredentialEntry("r.io", ALICE)


def test_anonymous() -> None:
    """Nobody's key is empty."""
    assert ANONYMOUS.key == ""


def test_same_credentials_share_a_cache() -> None:
    """Equal entries give equal keys, wherever they were read from."""
    again = CredentialEntry("r.io", Credential(username="alice", password="secret-1"))

    assert Identity((ENTRY,)).key == Identity((again,)).key


@pytest.mark.parametrize(
    "other",
    [
        (),
        (CredentialEntry("s.io", ALICE),),
        (CredentialEntry("r.io", Credential(username="alice", password="secret-2")),),
        (CredentialEntry("r.io", Credential(username="alice", identity_token="secret-1")),),
        (CredentialEntry("r.io", Credential(username="alice", registry_token="secret-1")),),
        (ENTRY, ENTRY),
        (CredentialEntry("r.io', 'alice", Credential(password="secret-1")),),
    ],
    ids=["none", "host", "password", "identity", "token", "twice", "quotes"],
)
def test_other_credentials_do_not(other: tuple[CredentialEntry, ...]) -> None:
    """Any difference in what is shown, or to whom, gives another key."""
    assert Identity(other).key != Identity((ENTRY,)).key


def test_order_counts() -> None:
    """The order decides which credentials are tried first, so it makes another identity."""
    bob = CredentialEntry("r.io", Credential(username="bob", password="secret-3"))

    assert Identity((ENTRY, bob)).key != Identity((bob, ENTRY)).key


def test_secrets_are_not_shown() -> None:
    """Neither the key nor what a log would print of an identity holds a secret."""
    credential = Credential(
        username="alice", password="secret-1", identity_token="secret-2", registry_token="secret-3"
    )
    identity = Identity((CredentialEntry("r.io", credential),))

    assert "secret" not in f"{identity!r} {identity} {identity.key}"
    assert "alice" in repr(identity)


def test_whose_turn_it_is_separates_nothing() -> None:
    """Namespaces with the same credentials share what was looked up."""
    ours, theirs = Identity((ENTRY,), "ours"), Identity((ENTRY,), "theirs")

    assert (ours, hash(ours), ours.key) == (theirs, hash(theirs), theirs.key)
    assert ours != Identity((), "ours")
