"""Which CAs the API server is to trust: those in use, and former ones while a pod needs them."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol

from cryptography import x509

from slimgate.cluster.certificates.authority import signed
from slimgate.cluster.certificates.pods import ServedCertificates

SETTLED: Final = timedelta(minutes=5)
"""Longer than a kubelet takes to bring a pod's Secret up to date. Only then pods are believed: one
that is not ready yet may still come up with what was mounted before."""
_MAX: Final = 8
"""A certificate that is made again and again must not fill the configuration."""


class Pods(Protocol):
    """Knows what is served now; pods.WebhookPods does."""

    async def served(self) -> ServedCertificates:
        """Ask every pod."""


class Trust:
    """Remembers what was trusted, and lets go of a former CA once no pod serves its certificate."""

    def __init__(self, pods: Pods) -> None:
        self._pods = pods
        self._bundle: tuple[x509.Certificate, ...] = ()
        self._wanted: tuple[x509.Certificate, ...] = ()
        self._since: datetime | None = None

    @property
    def keeps_former(self) -> bool:
        """Whether a CA is trusted that is no longer in use."""
        return self._bundle != self._wanted

    async def bundle(
        self,
        wanted: tuple[x509.Certificate, ...],
        *,
        known: Collection[x509.Certificate] = (),
        claimed: Iterable[x509.Certificate] = (),
        now: datetime,
    ) -> tuple[x509.Certificate, ...]:
        """Put together the wanted CAs and the former ones that are still needed.

        Those remembered or `known` go once they are seen not to be needed; those that are only
        `claimed`, by whoever wrote the configuration, stay only if they are seen to be needed.
        """
        if self._since is None or wanted != self._wanted:
            self._wanted, self._since = wanted, now
        former = {*self._bundle, *known} - {*wanted}
        others = {*claimed} - former - {*wanted}
        is_settled = now - self._since >= SETTLED
        if others or (former and is_settled):
            served = await self._pods.served()
            needed = {ca for ca in former | others if _serves(served, ca)}
            former = needed if is_settled and not served.silent else former | needed
        valid = [ca for ca in former if ca.not_valid_after_utc > now]
        valid.sort(key=lambda ca: ca.not_valid_before_utc, reverse=True)
        self._bundle = (*wanted, *valid[: max(0, _MAX - len(wanted))])
        return self._bundle


def _serves(served: ServedCertificates, ca: x509.Certificate) -> bool:
    return any(signed(ca, one) for one in served.certificates)
