"""Who may have admissions reviewed: the API server, where its client certificate is set up.

A review tells the size of an image, and whether it exists, to whoever can send one in the name of a
namespace that may see it. Nothing of a request is read before its sender is known.
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#authenticate-apiservers
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from aiohttp.web import BaseRequest

from slimgate.webhook.body import RefusedError

_COMMON_NAME: Final = "commonName"
_DNS: Final = "DNS"


class Callers:
    """Lets those through whose certificate has one of the names; everybody, if there are none.

    Who has signed it is checked by TLS.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(names)

    def check(self, request: BaseRequest) -> None:
        """Refuse a request of anybody else."""
        if not self._names:
            return
        transport = request.transport
        shown = transport.get_extra_info("peercert") if transport is not None else None
        if not shown:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "reviews are for the API server: show its certificate"
            )
        if self._names.isdisjoint(names_of(shown)):
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "reviews are for the API server, by another certificate",
            )


def names_of(certificate: Mapping[str, object]) -> Iterable[str]:
    """Yield the common name and the DNS names of a certificate as the ssl module gives it."""
    subject, others = certificate.get("subject"), certificate.get("subjectAltName")
    for part in subject if isinstance(subject, tuple) else ():
        yield from (value for key, value in part if key == _COMMON_NAME)
    for kind, value in others if isinstance(others, tuple) else ():
        if kind == _DNS:
            yield value
