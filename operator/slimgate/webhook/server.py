"""The admission server's life: sockets up, certificate watched, drained on a signal, down."""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import Server, ServerRunner, TCPSite

from slimgate.webhook.admit import EXCEPTIONS, WORKLOADS, AdmissionHandler
from slimgate.webhook.body import BodyReader
from slimgate.webhook.deadline import Deadline
from slimgate.webhook.health import HealthHandler
from slimgate.webhook.ports import AdmissionObserver, Reviewer, SilentObserver
from slimgate.webhook.service import AdmissionService
from slimgate.webhook.settings import WebhookSettings
from slimgate.webhook.tls import ServingCertificate

# Longer than the 90 s for which an API server keeps an idle connection, so that it is never this
# side that closes one just as a request is on its way.
_KEEPALIVE_SECONDS: Final = 120.0
_LINGERING_SECONDS: Final = 2.0
_FIRST_LOOKS_SECONDS: Final = 0.5


class WebhookServer:
    """Serves until told to stop; `ready` tells why it can't judge yet, None once it can."""

    def __init__(
        self,
        settings: WebhookSettings,
        service: AdmissionService,
        exceptions: Reviewer,
        *,
        ready: Callable[[], str | None],
        metrics: Callable[[], bytes],
        observer: AdmissionObserver | None = None,
    ) -> None:
        self._settings = settings
        self._service = service
        self._ready = ready
        self._draining = False
        self._certificate = ServingCertificate(
            Path(settings.certificate_file), Path(settings.key_file)
        )
        self._admissions = _runner(
            AdmissionHandler(
                {WORKLOADS: service, EXCEPTIONS: exceptions},
                Deadline(
                    default_seconds=settings.default_seconds, margin_seconds=settings.margin_seconds
                ),
                BodyReader(settings.max_body_bytes, settings.max_buffered_bytes),
                observer or SilentObserver(),
                lambda: self._draining,
            ),
            settings.shutdown_seconds,
        )
        self._health = _runner(HealthHandler(self.unready_reason, metrics), 1.0)

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
        return self._certificate.missing or self._ready()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve; once `stop` is set, go on for the drain's time, finish what is in flight, end."""
        await _listen(self._health, self._settings.host, self._settings.health_port)
        try:
            await self._wait_for_certificate(stop)
            if not stop.is_set():
                await self._serve(stop)
        finally:
            await self._health.cleanup()

    async def _wait_for_certificate(self, stop: asyncio.Event) -> None:
        self._certificate.refresh()
        while self._certificate.missing and not await _is_set_within(stop, _FIRST_LOOKS_SECONDS):
            self._certificate.refresh()

    async def _serve(self, stop: asyncio.Event) -> None:
        settings = self._settings
        try:
            await _listen(self._admissions, settings.host, settings.port, self._certificate)
            while not await _is_set_within(stop, settings.reload_seconds):
                self._certificate.refresh()
            self._draining = True
            await asyncio.sleep(settings.drain_seconds)
        finally:
            await self._admissions.cleanup()


def stop_on_signals(stop: asyncio.Event | None = None) -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set, the one that is given or a new one."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _runner(handler: AdmissionHandler | HealthHandler, shutdown_seconds: float) -> ServerRunner:
    server = Server(
        handler,
        logger=_quiet_logger(),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        lingering_time=_LINGERING_SECONDS,
    )
    return ServerRunner(server, shutdown_timeout=shutdown_seconds)


def _quiet_logger() -> logging.Logger:
    """Leave out what is no HTTP: anyone may send it, and aiohttp logs a traceback for each."""
    logger = logging.getLogger(f"{__name__}.http")
    logger.addFilter(_is_not_about_http)
    return logger


def _is_not_about_http(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


async def _listen(
    runner: ServerRunner,
    host: str | None,
    port: int,
    certificate: ServingCertificate | None = None,
) -> None:
    await runner.setup()
    context = certificate.context if certificate else None
    await TCPSite(runner, host, port, ssl_context=context).start()


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
