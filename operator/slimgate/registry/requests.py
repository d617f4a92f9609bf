"""Requests as the transport sends them, and what becomes of one that is redirected."""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from yarl import URL

from slimgate.core.errors import RefusedAddressError, UnsupportedError
from slimgate.registry.breaker import Asked
from slimgate.registry.urls import authority_of, origin_of, same_origin

_LOCATION: Final = re.compile(r"[\x21-\x7e]{1,8192}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request; `host` is the name it is counted and reported under, `seconds` its deadline.

    `repository` is what it is for, `via` who chose the host if no reference did. `authorization`
    is left off for good once a redirect leads to another host or port; `abroad` then tells what to
    show there, and may refuse by an ImageError.
    """

    method: str
    url: URL
    host: str
    seconds: float
    repository: str
    via: Hashable = None
    moved: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str | None = field(default=None, repr=False)
    abroad: Callable[[URL], str | None] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Who is asked now, in words."""
        if not self.moved:
            return self.host
        return f"{authority_of(self.url)}, where {self.host} redirects to,"

    @property
    def asked(self) -> Asked:
        """Whom the breaker takes it to be for."""
        return Asked(origin=origin_of(self.url), repository=self.repository, via=self.via)

    def target(self, location: str) -> URL:
        """Read where an answer redirects to; UnsupportedError, RefusedAddressError."""
        if self.form is not None:
            raise UnsupportedError(f"{self.name} redirects a request that holds a secret")
        if not _LOCATION.fullmatch(location):
            raise UnsupportedError(f"{self.name} redirects without an address")
        # Signed URLs break if their escapes are normalised.
        try:
            target = self.url.join(URL(location, encoded=True)).with_fragment(None)
            _ = target.port
        except ValueError as err:
            raise UnsupportedError(f"{self.name} redirects without an address") from err
        if self.url.scheme == "https" and target.scheme != "https":
            raise RefusedAddressError(f"{self.name} redirects from HTTPS to something less safe")
        return target

    def to(self, target: URL) -> "HttpRequest":
        """Make the request that follows a redirect."""
        if not self.moved and same_origin(self.url, target):
            return replace(self, url=target)
        return replace(
            self,
            url=target,
            via=origin_of(self.url) if self.via is None else self.via,
            moved=True,
            authorization=self.abroad(target) if self.abroad is not None else None,
        )
