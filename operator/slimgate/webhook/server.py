"""The admission server's life: socket up, certificate watched, drained when told to stop, down."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

from slimgate.process.port import Port
from slimgate.webhook.admit import EXCEPTIONS, WORKLOADS, AdmissionHandler
from slimgate.webhook.body import BodyReader
from slimgate.webhook.callers import Callers
from slimgate.webhook.deadline import Deadline
from slimgate.webhook.ports import AdmissionObserver, Loaded, Reviewer, SilentAdmissionObserver
from slimgate.webhook.service import AdmissionService
from slimgate.webhook.settings import WebhookSettings
from slimgate.webhook.tls import ServingCertificate

_FIRST_LOOKS_SECONDS: Final = 0.5
_LAST_CALL_SECONDS: Final = 0.5
"""For the request of a client that has connected in the last moment."""


class WebhookServer:
    """Serves until told to stop, and answers once what verdicts depend on is loaded."""

    def __init__(
        self,
        settings: WebhookSettings,
        service: AdmissionService,
        exceptions: Reviewer,
        *,
        loaded: Loaded,
        observer: AdmissionObserver | None = None,
    ) -> None:
        self._settings = settings
        self._service = service
        self._loaded = loaded
        self._draining = False
        self._certificate = ServingCertificate(
            Path(settings.certificate_file),
            Path(settings.key_file),
            client_ca=Path(settings.client_ca_file) if settings.client_ca_file else None,
        )
        self._port = Port(
            AdmissionHandler(
                {WORKLOADS: service, EXCEPTIONS: exceptions},
                deadline=Deadline(
                    default_seconds=settings.default_seconds, margin_seconds=settings.margin_seconds
                ),
                bodies=BodyReader(
                    settings.max_body_bytes, settings.max_buffered_bytes, settings.body_seconds
                ),
                callers=Callers(settings.client_names),
                observer=observer or SilentAdmissionObserver(),
                loaded=loaded,
                is_draining=lambda: self._draining,
            ),
            shutdown_seconds=settings.shutdown_seconds,
            context=self._certificate.context,
        )

    @property
    def in_flight(self) -> int:
        """Admissions that are being answered."""
        return self._service.in_flight

    @property
    def certificate_expires(self) -> float | None:
        """When the certificate in use ends, in Unix time; None where there is none."""
        return self._certificate.expires

    def unready_reason(self) -> str | None:
        """Say why no admission should be sent here now, None if one should."""
        if self._draining:
            return "slimgate is shutting down"
        fault = self._certificate.fault or self._loaded.unready_reason()
        return fault or (None if self._port.is_open else "slimgate does not listen yet")

    async def run(self, stop: asyncio.Event) -> None:
        """Serve; once `stop` is set, go on for the drain's time, finish what is in flight, end."""
        await self._wait_for_certificate(stop)
        if not stop.is_set():
            await self._serve(stop)

    async def _wait_for_certificate(self, stop: asyncio.Event) -> None:
        self._certificate.refresh()
        while not self._certificate.found and not await _is_set_within(stop, _FIRST_LOOKS_SECONDS):
            self._certificate.refresh()

    async def _serve(self, stop: asyncio.Event) -> None:
        settings = self._settings
        try:
            await self._port.open(settings.host, settings.port)
            while not await _is_set_within(stop, settings.reload_seconds):
                self._certificate.refresh()
            # From now on each answer ends its connection, so that the next one goes elsewhere.
            self._draining = True
            await asyncio.sleep(settings.drain_seconds)
            self._port.close()
            await asyncio.sleep(min(_LAST_CALL_SECONDS, settings.drain_seconds))
        finally:
            await self._port.end()


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
