"""Identities: what separates caches, and what must not show in logs."""

import pytest

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity

ALICE = Credential(username="alice", password="secret-1")
ENTRY = CredentialEntry("r.io", ALICE)


BOB = CredentialEntry("r.io", Credential(username="bob", password="secret-3"))


@pytest.mark.parametrize(
    "other",
    [
        (),
        (ENTRY, BOB),
        (BOB, ENTRY),
        (CredentialEntry("s.io", ALICE),),
        (CredentialEntry("r.io", Credential(username="alice", password="secret-2")),),
        (CredentialEntry("r.io", Credential(username="alice", identity_token="secret-1")),),
        (CredentialEntry("r.io", Credential(username="alice", registry_token="secret-1")),),
        (ENTRY, ENTRY),
        (CredentialEntry("r.io', 'alice", Credential(password="secret-1")),),
    ],
    ids=["none", "two", "two in turn", "host", "password", "identity", "token", "twice", "quotes"],
)
def test_keys(other: tuple[CredentialEntry, ...]) -> None:
    """Any difference in what is shown, when, or to whom gives another; nobody's is empty."""
    again = CredentialEntry("r.io", Credential(username="alice", password="secret-1"))

    assert Identity((ENTRY,)).key == Identity((again,)).key
    assert Identity(other).key != Identity((ENTRY,)).key
    assert (Identity(other).key == Identity((ENTRY, BOB)).key) is (other == (ENTRY, BOB))
    assert ANONYMOUS.key == ""


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
