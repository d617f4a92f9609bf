"""Keeps the webhook's certificate whole, and the API server's trust in it.

Both objects are watched, and are read and mended as soon as either changes. The controller that
leads does this alone, and writes only over the version that it has read.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from slimgate.cluster.backoff import Contest, Pace
from slimgate.cluster.certificates.authority import Certificates, is_own, make
from slimgate.cluster.certificates.configuration import (
    authorities_of,
    refused,
    with_bundle,
)
from slimgate.cluster.certificates.held import (
    CA,
    CERTIFICATE,
    KEY,
    Held,
    current,
    fault_of,
    issuer_of,
    read_certificates,
    read_files,
    read_secret,
    write_pem,
)
from slimgate.cluster.certificates.pods import WebhookPods
from slimgate.cluster.certificates.store import CertificateStore
from slimgate.cluster.certificates.trust import Trust
from slimgate.cluster.certificates.untrusted_time import UntrustedTime
from slimgate.cluster.errors import ForbiddenError
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject
from slimgate.process.stopping import PartGroup

_LOG: Final = logging.getLogger(__name__)
_PERIOD: Final = 600.0
_WATCHFUL: Final = 5.0
"""Between two looks while something is to come, or can't be watched."""
_FORMER: Final = 30.0
"""Between two looks whether a former CA is still needed."""
_TICK: Final = 1.0
"""Between two notes that nothing has changed."""
_AWAY: Final = Pace(first=0.2, cap=_WATCHFUL)
_BREATH: Final = Pace(first=0.2, cap=_WATCHFUL)
"""Between two looks at least: a fight with another writer must not take all of a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """What the keeper writes: `makes` the certificate, `trusts` its CA in the configuration."""

    names: Sequence[str]
    makes: bool = True
    trusts: bool = True

    @property
    def sees_certificate(self) -> bool:
        """Whether the Secret is read, which holds the key, and pods are looked at."""
        return self.makes or self.trusts


class CertificateKeeper:
    """Mends both objects while `run` runs; its attributes are for metrics."""

    def __init__(
        self,
        store: CertificateStore,
        pods: WebhookPods,
        settings: KeeperSettings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.expires: datetime | None = None
        """When the certificate in the Secret ends, if there is one."""
        self.writes = {"secret": 0, "configuration": 0}
        """How often each object was written."""
        self._store = store
        self._pods = pods
        self._settings = settings
        self._now = now
        self._trust = Trust(pods)
        self._guard = UntrustedTime()
        self._changed = asyncio.Event()
        self._mark = ""
        self._made: Certificates | None = None
        """A certificate that was made and could not be written yet."""
        self.mirrors = {"configuration": store.configuration_mirror(self)}
        if settings.sees_certificate:
            self.mirrors["certificate"] = store.secret_mirror(self)
            self.mirrors["endpointslices"] = pods.mirror(self)

    def unguarded_seconds(self) -> float:
        """Return for how long altogether the API server could not call the webhook."""
        return self._guard.seconds(self._now())

    def put(self, obj: JsonObject) -> None:  # noqa: ARG002 - it is read anew before it is mended
        """Hear that one of the two objects has changed (Sink)."""
        self._changed.set()

    def drop(self, namespace: str, name: str) -> None:  # noqa: ARG002 - there is one of each
        """Hear that one of the two objects is gone (Sink)."""
        self._changed.set()

    async def run(self) -> None:
        """Look whenever something changes, and now and then, until cancelled."""
        async with PartGroup() as tasks:
            for mirror in self.mirrors.values():
                tasks.create_task(mirror.run())
            tasks.create_task(self._keep_on())

    async def keep(self) -> str | None:
        """Look once, and mend what is damaged; say what can't be mended."""
        now = self._now()
        configuration = await self._store.configuration()
        secret = await self._store.secret() if self._settings.sees_certificate else None
        held = read_secret(secret or {})
        self.expires = held.expires
        self._mark = _mark_of(write_pem(held.chain))
        self._guard.look(configuration, secret, held.chain, now)
        complaint = None
        if self._settings.makes:
            await self._keep_own(configuration, secret, held, now)
        elif self._settings.trusts:
            complaint = await self._keep_given(configuration, held, now)
        await self._refresh()
        return complaint

    async def _keep_on(self) -> None:
        failures, said, contest = 0, None, Contest(pace=_BREATH)
        while True:
            self._changed.clear()
            before = dict(self.writes)
            try:
                complaint = await self.keep()
                failures, pause = 0, self._pause()
            except ClusterError as error:
                failures += 1
                pause = _AWAY.delay(failures)
                complaint = f"the webhook's certificate could not be kept: {error}"
            if complaint and complaint != said:
                _LOG.warning("%s", complaint)
            said = complaint
            await asyncio.sleep(contest.rest(wrote=self.writes != before))
            await self._wait(pause, sure=not failures)

    async def _wait(self, seconds: float, *, sure: bool) -> None:
        """Wait for a change, and note meanwhile that there was none.

        Else a loss would count from the last look on: the API server does not always write down
        when a field was emptied that another had written.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self._changed.is_set() and (left := end - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, _TICK)):
                    await self._changed.wait()
            if sure and self._follows() and not self._changed.is_set():
                self._guard.still(self._now())

    async def _keep_own(
        self,
        configuration: JsonObject | None,
        secret: JsonObject | None,
        held: Held,
        now: datetime,
    ) -> None:
        files, issuer = read_files(secret or {}), held.issuer
        fault = fault_of(held, self._settings.names, now) if secret else "there was none"
        if fault is not None or issuer is None:
            # The same one until it is written: each is trusted from the first try on.
            self._made = made = self._made or make(self._settings.names, now)
            files = {CERTIFICATE: made.certificate, KEY: made.key}
            (issuer,) = read_certificates(made.ca_bundle)
        bundle = await self._trust.bundle(
            (issuer,),
            known=[one for one in held.authorities if is_own(one)],
            claimed=[one for one in authorities_of(configuration) if is_own(one)],
            now=now,
        )
        # First of all: no pod may serve what the API server does not trust yet.
        await self._tell(configuration, bundle)
        if fault or held.authorities != bundle or not await self._store.is_marked(secret or {}):
            await self._store.write_secret(secret, {**files, CA: write_pem(bundle)})
            self._made = None
            self.writes["secret"] += 1
            _LOG.info("wrote the webhook's certificate: %s", fault or "only its CAs have changed")
            self.expires = read_certificates(files[CERTIFICATE])[0].not_valid_after_utc
            self._mark = _mark_of(files[CERTIFICATE])

    async def _keep_given(
        self, configuration: JsonObject | None, held: Held, now: datetime
    ) -> str | None:
        trusted = current(held.authorities, now)
        if not trusted or (held.chain and issuer_of(held.chain, trusted) is None):
            return (
                f"the webhook's Secret needs a {CA} that vouches for its {CERTIFICATE} and has not "
                "ended: without it the API server can't be made to trust the webhook"
            )
        bundle = await self._trust.bundle(
            held.authorities, claimed=authorities_of(configuration), now=now
        )
        fault = refused(configuration or {}, held.chain, now)
        await self._tell(configuration, bundle, guards=fault is None)
        return fault and f"the API server can't call the webhook: {fault}"

    async def _tell(
        self,
        configuration: JsonObject | None,
        bundle: tuple[x509.Certificate, ...],
        *,
        guards: bool = True,
    ) -> None:
        if configuration is None:
            return
        patch = with_bundle(configuration, write_pem(bundle))
        if patch is not None:
            await self._store.patch_configuration(patch)
            self.writes["configuration"] += 1
            _LOG.info("wrote the CAs into the webhook's configuration")
        if guards:
            self._guard.note(None, self._now())

    async def _refresh(self) -> None:
        """Have pods serve what is new; where that is not permitted, kubelets take their time."""
        if not self._mark:
            return
        try:
            await self._pods.refresh(self._mark)
        except ForbiddenError as error:
            _LOG.debug("webhook pods get new certificates late: %s", error)

    def _follows(self) -> bool:
        return all(one.synced.is_set() and not one.problem for one in self.mirrors.values())

    def _pause(self) -> float:
        if not self._follows():
            return _WATCHFUL
        return _FORMER if self._trust.keeps_former else _PERIOD


def _mark_of(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()[:16] if certificate else ""
