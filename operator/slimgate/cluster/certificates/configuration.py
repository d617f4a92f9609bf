"""The ValidatingWebhookConfiguration: whom the API server trusts, and since when; pure."""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

from cryptography import x509

from slimgate.cluster.certificates.held import issuer_of, read_bundle
from slimgate.core.workload import JsonObject, mapping_at, objects_at, text_at


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


def distrusts(configuration: JsonObject, served: Sequence[x509.Certificate]) -> bool:
    """Whether the API server can't call a webhook: its caBundle does not vouch for what is served.

    Where what is served is not known, any CA passes for the right one.
    """
    trusted = map(read_bundle, _bundles(configuration))
    return any(issuer_of(served, one) is None if served else not one for one in trusted)


def is_new(configuration: JsonObject) -> bool:
    """Whether it is as it was created, so that it has never guarded anything."""
    return mapping_at(configuration, "metadata").get("generation") == 1


def changed_at(obj: JsonObject, now: datetime) -> datetime:
    """Say when an object was changed last; now where that can't be told."""
    metadata = mapping_at(obj, "metadata")
    times = (_time(text_at(entry, "time")) for entry in objects_at(metadata, "managedFields"))
    return min(now, max(filter(None, times), default=now))


def _bundles(configuration: JsonObject) -> Iterator[str]:
    for hook in objects_at(configuration, "webhooks"):
        yield text_at(mapping_at(hook, "clientConfig"), "caBundle")


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
