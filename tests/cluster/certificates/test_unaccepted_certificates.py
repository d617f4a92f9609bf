"""Certificates that the API server does not take, though it trusts who has signed them."""

import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from slimgate.cluster.certificates.authority import Certificates
from slimgate.cluster.certificates.configuration import distrusts, lost_at, refused
from slimgate.core.json_object import JsonObject
from tests.cluster.certificates.make import NOW, encoded, given, load, shake

CALLED = "gate.ns.svc"
PAST = timedelta(days=-2)
LACKS = f"tls.crt lacks the name {CALLED}"
GIVEN: Mapping[str, tuple[Certificates, str | bool | None]] = {
    "its name": (given([CALLED]), None),
    "a wildcard": (given(["other", "*.NS.svc"]), None),
    "another name": (given(["gate.other.svc"]), LACKS),
    "a wildcard above": (given(["*.svc"]), LACKS),
    "ended": (given([CALLED], end=PAST), "tls.crt has ended"),
    "of the future": (given([CALLED], start=-PAST), "tls.crt is not valid yet"),
    "its CA has ended": (given([CALLED], ca_end=PAST), True),
}


def trusting(made: Certificates, changed: datetime | None = None) -> JsonObject:
    """Write a configuration whose only webhook is called by a Service, and trusts the CA."""
    service = {"name": "gate", "namespace": "ns"}
    hook = {"clientConfig": {"service": service, "caBundle": encoded(made.ca_bundle)}}
    times = [{"time": changed.isoformat()}] if changed else []
    return {"metadata": {"managedFields": times}, "webhooks": [hook]}


def taken(folder: Path, made: Certificates) -> bool:
    """Try whether a client that trusts the CA takes the certificate."""
    try:
        shake(folder, made, made.ca_bundle, CALLED, strict=False)
    except ssl.SSLCertVerificationError:
        return False
    return True


@pytest.mark.parametrize("name", GIVEN)
def test_what_clients_refuse(tmp_path: Path, name: str) -> None:
    """What a real client refuses is seen to be no guard, and said."""
    made, fault = GIVEN[name]
    served = (load(made.certificate),)
    found = trusting(made)

    assert taken(tmp_path, made) is (fault is None)
    assert (lost_at(found, None, served, NOW) is None) is (fault is None)
    assert (distrusts(found, served, NOW) or refused(found, served, NOW)) == fault


@pytest.mark.parametrize("name", ["ended", "its CA has ended"])
def test_lost_since(name: str) -> None:
    """Since it has ended, or since it was put there, if that was later."""
    made, _ = GIVEN[name]
    times = [NOW - timedelta(days=30), NOW - timedelta(hours=1)]

    found = [lost_at(trusting(made, time), None, (load(made.certificate),), NOW) for time in times]

    assert found == [NOW + PAST, times[1]]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://gate.NS.svc:8443/validate", None),
        ("https://127.0.0.1/validate", "tls.crt lacks the name 127.0.0.1"),
    ],
)
def test_called_by_its_address(url: str, fault: str | None) -> None:
    """A webhook without a Service is called by the host of its URL."""
    made, _ = GIVEN["its name"]
    hook = {"clientConfig": {"url": url, "caBundle": encoded(made.ca_bundle)}}

    assert refused({"webhooks": [hook]}, (load(made.certificate),), NOW) == fault
