"""The kubelet of all made-up nodes: what each measured of its images, over TLS."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Final

from aiohttp import web

from slimgate.cluster.certificates.authority import make

_TEST_NET: Final = ("192.0.2.1", 9)
_IMAGE_FS: Final = {"usedBytes": 5 * 10**10, "capacityBytes": 10**11, "availableBytes": 5 * 10**10}


class Kubelet:
    """Answers, and counts how often."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.port = 0
        self.asked = 0
        self._body = json.dumps({"node": {"runtime": {"imageFs": _IMAGE_FS}}}).encode()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer whatever is asked."""
        del request
        self.asked += 1
        return web.Response(body=self._body, content_type="application/json")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Kubelet]:
    """Serve at an address of this machine, not loopback's: slimgate calls no kubelet there."""
    kubelet = Kubelet(_own_address())
    made = make([kubelet.address], datetime.now(UTC))
    certificate, key = folder / "kubelet.crt", folder / "kubelet.key"
    certificate.write_bytes(made.certificate)
    key.write_bytes(made.key)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    runner = web.ServerRunner(web.Server(kubelet.answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, kubelet.address, 0, ssl_context=context)
    try:
        await site.start()
        kubelet.port = runner.addresses[0][1]
        yield kubelet
    finally:
        await runner.cleanup()


def _own_address() -> str:
    """Find the address that this machine would be called from; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_TEST_NET)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
