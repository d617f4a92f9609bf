"""Which CAs are trusted: former ones for as long as a pod may need them, and none for longer."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from slimgate.cluster.certificates.authority import LIFE, Certificates, make
from slimgate.cluster.certificates.pods import ServedCertificates
from slimgate.cluster.certificates.trust import SETTLED, Trust
from tests.cluster.certificates.make import NAMES, NOW, load

OLD, NEW, STRANGE = (make(NAMES, NOW - timedelta(days=age)) for age in (2, 1, 0))
LATER = NOW + SETTLED


class Pods:
    """Serve certificates of these, and may not all answer."""

    def __init__(self, *served: Certificates, silent: bool = False) -> None:
        self.served_by(*served, silent=silent)
        self.asked = 0

    def served_by(self, *served: Certificates, silent: bool = False) -> None:
        """Serve other ones."""
        shown = frozenset(load(one.certificate) for one in served)
        self._served = ServedCertificates(certificates=shown, silent=silent)

    async def served(self) -> ServedCertificates:
        """Answer."""
        self.asked += 1
        return self._served


def ca(made: Certificates) -> x509.Certificate:
    """Return the CA of a certificate."""
    return load(made.ca_bundle)


def cas(*made: Certificates) -> tuple[x509.Certificate, ...]:
    """Return the CAs of certificates."""
    return tuple(map(ca, made))


async def test_a_renewal() -> None:
    """The former CA stays until it is seen that no pod serves its certificate any more."""
    pods = Pods(OLD, NEW)
    trust = Trust(pods)
    assert await trust.bundle(cas(OLD), now=NOW) == cas(OLD)

    renewed = await trust.bundle(cas(NEW), now=NOW)
    served_by_one = await trust.bundle(cas(NEW), now=LATER)
    pods.served_by(NEW)
    served_by_none = await trust.bundle(cas(NEW), now=LATER)

    assert (renewed, served_by_one, served_by_none) == (cas(NEW, OLD), cas(NEW, OLD), cas(NEW))
    assert not trust.keeps_former


async def test_pods_are_not_believed_too_soon() -> None:
    """One that is not there yet may come up with what was mounted before."""
    pods = Pods(NEW)
    trust = Trust(pods)
    await trust.bundle(cas(OLD), now=NOW)
    await trust.bundle(cas(NEW), now=NOW)

    found = await trust.bundle(cas(NEW), now=LATER - timedelta(seconds=1))

    assert (found, pods.asked) == (cas(NEW, OLD), 0)
    assert trust.keeps_former


async def test_a_silent_pod_keeps_the_former_ca() -> None:
    """Nobody knows what it serves; in the end the CA expires."""
    pods = Pods(NEW, silent=True)
    trust = Trust(pods)
    await trust.bundle(cas(OLD), now=NOW)
    await trust.bundle(cas(NEW), now=NOW)

    late = await trust.bundle(cas(NEW), now=LATER)
    ended = await trust.bundle(cas(NEW), now=NOW + LIFE - timedelta(days=2))

    assert (late, ended) == (cas(NEW, OLD), cas(NEW))


async def test_no_pods_need_nothing() -> None:
    """Where none runs, those that come take what is new."""
    trust = Trust(Pods())
    await trust.bundle(cas(OLD), now=NOW)
    await trust.bundle(cas(NEW), now=NOW)

    assert await trust.bundle(cas(NEW), now=LATER) == cas(NEW)


@pytest.mark.parametrize("settled", [NOW, LATER])
async def test_claims_are_checked(settled: datetime) -> None:
    """What only the configuration claims is trusted if a pod serves by it, and at no other time."""
    trust = Trust(Pods(OLD))
    await trust.bundle(cas(NEW), now=NOW)

    found = await trust.bundle(cas(NEW), claimed=cas(OLD, STRANGE, NEW), now=settled)

    assert found == cas(NEW, OLD)


@pytest.mark.parametrize(
    ("known", "expected"),
    [(cas(OLD), cas(NEW, OLD)), (cas(OLD, NEW), cas(NEW, OLD)), ((), cas(NEW))],
)
async def test_what_the_secret_remembers(
    known: Iterable[x509.Certificate], expected: tuple[x509.Certificate, ...]
) -> None:
    """After a restart former CAs are those that the Secret holds."""
    assert await Trust(Pods()).bundle(cas(NEW), known=list(known), now=NOW) == expected


async def test_the_bundle_is_bounded() -> None:
    """Certificates that are made again and again do not fill it; the newest stay."""
    made = [make(NAMES, NOW - timedelta(days=age)) for age in range(20, 0, -1)]
    trust = Trust(Pods(*made))

    bundles = [await trust.bundle(cas(one), now=NOW) for one in made]

    newest = cas(*made[:-9:-1])
    assert bundles[-1] == newest
    assert max(map(len, bundles)) == 8


async def test_what_has_expired_is_left_out() -> None:
    """A certificate that has ended helps nobody, even if it is still served."""
    ended = make(NAMES, NOW - LIFE)
    trust = Trust(Pods(ended))

    assert await trust.bundle(cas(NEW), known=cas(ended), now=NOW) == cas(NEW)
