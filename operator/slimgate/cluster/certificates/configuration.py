"""The ValidatingWebhookConfiguration: whom the API server trusts, and since when; pure."""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from urllib.parse import urlsplit

from cryptography import x509

from slimgate.cluster.certificates.held import current, issuer_of, read_bundle, refusal_of
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.timestamp import parse_time


def authorities_of(configuration: JsonObject | None) -> frozenset[x509.Certificate]:
    """List the CAs that any webhook's caBundle holds."""
    return frozenset(chain.from_iterable(map(read_bundle, _bundles(configuration or {}))))


def with_bundle(configuration: JsonObject, pem: bytes) -> dict[str, object] | None:
    """Write the patch that gives every webhook this caBundle; None if all have it."""
    bundle = base64.b64encode(pem).decode()
    if all(one == bundle for one in _bundles(configuration)):
        return None
    # A list is replaced whole, so only the version that was read may be.
    version = text_at(mapping_at(configuration, "metadata"), "resourceVersion")
    hooks = [
        {**hook, "clientConfig": {**mapping_at(hook, "clientConfig"), "caBundle": bundle}}
        for hook in objects_at(configuration, "webhooks")
    ]
    return {"metadata": {"resourceVersion": version}, "webhooks": hooks}


def lost_at(
    configuration: JsonObject,
    secret: JsonObject | None,
    served: Sequence[x509.Certificate],
    now: datetime,
) -> datetime | None:
    """Say since when the API server can't call a webhook that serves this, None if it can."""
    if not distrusts(configuration, served, now) and refused(configuration, served, now) is None:
        return None
    issuer = issuer_of(served, authorities_of(configuration))
    ends = [one.not_valid_after_utc for one in (*served[:1], issuer) if one]
    changes = [changed_at(one, now) for one in (configuration, secret) if one]
    return max([*changes, *(end for end in ends if end <= now)])


def distrusts(configuration: JsonObject, served: Sequence[x509.Certificate], now: datetime) -> bool:
    """Whether there is a webhook whose caBundle does not vouch for what is served.

    Where what is served is not known, any CA passes for the right one.
    """
    trusted = map(read_bundle, _bundles(configuration))
    return any(
        issuer_of(served, current(one, now)) is None if served else not one for one in trusted
    )


def refused(
    configuration: JsonObject, served: Sequence[x509.Certificate], now: datetime
) -> str | None:
    """Say why the API server does not take what is served, be the CA the right one."""
    faults = (refusal_of(served[0], name, now) for name in _names(configuration) if served)
    return next(filter(None, faults), None)


def is_new(configuration: JsonObject) -> bool:
    """Whether it is as it was created, so that it has never guarded anything."""
    return mapping_at(configuration, "metadata").get("generation") == 1


def changed_at(obj: JsonObject, now: datetime) -> datetime:
    """Say when an object was changed last; now where that can't be told."""
    metadata = mapping_at(obj, "metadata")
    times = (parse_time(text_at(entry, "time")) for entry in objects_at(metadata, "managedFields"))
    return min(now, max(filter(None, times), default=now))


def _bundles(configuration: JsonObject) -> Iterator[str]:
    for hook in objects_at(configuration, "webhooks"):
        yield text_at(mapping_at(hook, "clientConfig"), "caBundle")


def _names(configuration: JsonObject) -> Iterator[str]:
    """Yield what the API server calls each webhook by."""
    for hook in objects_at(configuration, "webhooks"):
        client = mapping_at(hook, "clientConfig")
        service = mapping_at(client, "service")
        if service:
            yield f"{text_at(service, 'name')}.{text_at(service, 'namespace')}.svc"
        elif host := urlsplit(text_at(client, "url")).hostname:
            yield host
