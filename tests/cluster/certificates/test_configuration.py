"""The webhook configuration: whom it trusts, what is to be written, and since when it is so."""

from datetime import timedelta

import pytest

from slimgate.cluster.certificates.authority import make
from slimgate.cluster.certificates.configuration import (
    authorities_of,
    changed_at,
    distrusts,
    is_new,
    with_bundle,
)
from slimgate.core.json_object import JsonObject
from tests.cluster.certificates.make import NAMES, NOW, encoded, load

MADE, OTHER = make(NAMES, NOW), make(NAMES, NOW)
OWN, FOREIGN = encoded(MADE.ca_bundle), encoded(OTHER.ca_bundle)
SERVED = (load(MADE.certificate),)


def configuration(*bundles: str | None, **metadata: object) -> JsonObject:
    """Write a configuration with one webhook for each caBundle."""
    hooks = [
        {
            "name": f"{number}.slimgate.dev",
            "clientConfig": {
                "service": {"name": "slimgate-webhook"},
                **({} if bundle is None else {"caBundle": bundle}),
            },
        }
        for number, bundle in enumerate(bundles)
    ]
    return {"metadata": {"resourceVersion": "7", **metadata}, "webhooks": hooks}


@pytest.mark.parametrize(
    ("bundles", "expected"),
    [
        ((OWN, OWN), False),
        ((OWN, encoded(OTHER.ca_bundle + MADE.ca_bundle)), False),
        ((), False),
        ((OWN, None), True),
        (("", OWN), True),
        ((OWN, FOREIGN), True),
        (("%%%",), True),
    ],
)
def test_every_webhook_must_be_trusted(
    bundles: tuple[str | None, ...],
    expected: bool,  # noqa: FBT001
) -> None:
    """One caBundle that does not vouch for what is served is a guard less."""
    assert distrusts(configuration(*bundles), SERVED, NOW) is expected


def test_without_a_certificate_any_ca_passes() -> None:
    """Pods go on serving what nobody can look at any more."""
    assert not distrusts(configuration(FOREIGN), (), NOW)
    assert distrusts(configuration(FOREIGN, None), (), NOW)


@pytest.mark.parametrize("bundles", [(None, OWN), (OWN, ""), (FOREIGN, OWN), (FOREIGN, FOREIGN)])
def test_all_webhooks_are_written(bundles: tuple[str | None, ...]) -> None:
    """Nothing but the caBundle changes, and only in the version that was read."""
    patch = with_bundle(configuration(*bundles), MADE.ca_bundle)

    assert patch == {
        "metadata": {"resourceVersion": "7"},
        "webhooks": configuration(OWN, OWN)["webhooks"],
    }


def test_nothing_is_written_twice() -> None:
    """What is there already is left alone."""
    assert with_bundle(configuration(OWN, OWN), MADE.ca_bundle) is None


def test_authorities() -> None:
    """All CAs of all webhooks, each once."""
    both = encoded(MADE.ca_bundle + OTHER.ca_bundle)

    found = authorities_of(configuration(OWN, both, None))

    assert found == {load(MADE.ca_bundle), load(OTHER.ca_bundle)}
    assert authorities_of(None) == frozenset()


@pytest.mark.parametrize(
    ("metadata", "age"),
    [
        ({}, 0),
        ({"managedFields": [{"time": "junk"}, {}]}, 0),
        ({"managedFields": [{"time": "2026-01-01T00:00:00"}]}, 0),
        ({"managedFields": [{"time": "{90}"}, {"time": "{60}"}, {"time": "{70}"}]}, 60),
        ({"managedFields": [{"time": "{-60}"}]}, 0),
    ],
)
def test_the_last_change(metadata: dict[str, object], age: int) -> None:
    """The newest write counts, and none that is of the future."""
    fields = metadata.get("managedFields", [])
    assert isinstance(fields, list)
    dated = [{key: _dated(text) for key, text in entry.items()} for entry in fields]

    found = changed_at(configuration(OWN, **{**metadata, "managedFields": dated}), NOW)

    assert found == NOW - timedelta(seconds=age)


@pytest.mark.parametrize(("generation", "expected"), [(1, True), (2, False), (None, False)])
def test_new_ones(generation: int | None, expected: bool) -> None:  # noqa: FBT001
    """The API server counts the changes of what a configuration says."""
    assert is_new(configuration(None, generation=generation)) is expected


def _dated(text: str) -> str:
    """Write the time that was so many seconds ago as the API server does."""
    if not text.startswith("{"):
        return text
    return f"{NOW - timedelta(seconds=int(text.strip('{}'))):%Y-%m-%dT%H:%M:%SZ}"
