"""Where attacks happen: registries, an API server of few objects, the webhook, a witness."""

import asyncio
import base64
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from bench.hooks import PATH, Tls, make_tls
from bench.images import LIMIT, Image, push
from bench.processes import free_port
from bench.reviews import review
from bench.siege.registry import EvilRegistry, Make, serving
from bench.siege.shaker import Flood
from bench.siege.witness import Charge, Seen
from slimgate.cluster.resources import SECRETS, SLIM_POLICIES
from tests.app.api_server import HOST, ApiServer
from tests.live.programs import Program
from tests.registry import servers
from tests.support.configuration import plain, write_configuration

HONEST: Final = "honest"
_ANSWER_SECONDS: Final = 15.0
"""Beyond what any webhook may take; the answer counts as late much earlier."""
_KNOWN: Final = 20
_IMAGES: Final = 600
"""One that is unknown a second, for all attacks."""
_LEAST_SCALE: Final = 0.3
_FILE_BYTES: Final = (5_000, 20_000)
_ADDRESSES: Final = 250
"""About as many as a configuration may list."""
_FLOODING: Final = "127.9.9.9"
_FLOOD_SECONDS: Final = 8.0
_LINE_BYTES: Final = 2**24
_SPEC: Final = {
    "mode": "Enforce",
    "onUnknown": "Deny",
    "limits": {"pullSize": {"deny": LIMIT}, "unpackedSize": {"deny": "200Mi"}},
    "bases": {"maxTier": {"warn": "Slim"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a review, and whether it was let in though it is too large."""

    seconds: float
    let_in: bool


@dataclass(slots=True, kw_only=True)
class Field:
    """What attackers have at hand, and what they were answered."""

    folder: Path
    registry: EvilRegistry
    honest_registry: str
    port: int
    context: ssl.SSLContext
    api: ApiServer
    session: aiohttp.ClientSession
    scale: float
    """1 for the whole siege, less for a short one."""
    answers: list[Answer] = field(default_factory=list)
    number: int = 0

    def count(self, whole: int) -> int:
        """Say how many of so many a siege of this scale has."""
        return max(1, int(whole * self.scale))

    def host(self, number: int) -> str:
        """Name a host of an attack's own, which no other's silence has put out of use."""
        return self.registry.hosts[-number]

    def serve(self, makes: Iterable[Make], name: str, host: str) -> list[str]:
        """Have the registry serve images, and return references to them."""
        references = []
        for i, make in enumerate(makes):
            self.registry.images[f"{name}/{i}"] = make
            references.append(f"{host}/{name}/{i}:v1")
        return references

    def login(self, namespace: str, name: str, config: bytes) -> None:
        """Have a pull secret."""
        data = {".dockerconfigjson": base64.b64encode(config).decode()}
        secret = {"type": "kubernetes.io/dockerconfigjson", "data": data}
        self.api.add(SECRETS, secret, namespace=namespace, name=name)

    async def ask(
        self,
        namespace: str,
        images: Sequence[str],
        *,
        secrets: Sequence[str] = (),
        patience: int = 10,
        fat: bool = False,
    ) -> None:
        """Send a review of one workload that uses these images, and note what came.

        It is `fat` if it may not be admitted.
        """
        self.number += 1
        body = review(f"evil-{self.number}", namespace, *images, secrets=secrets)
        url = f"https://{HOST}:{self.port}/validate?timeout={patience}s"
        started, allowed = time.perf_counter(), False
        try:
            headers = {"Content-Type": "application/json"}
            async with self.session.post(url, data=body, headers=headers) as answer:
                allowed = bool(json.loads(await answer.read())["response"]["allowed"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
            pass
        seconds = time.perf_counter() - started
        self.answers.append(Answer(seconds=seconds, let_in=fat and allowed))

    async def flood(self, *, rate: int, whole: bool) -> None:
        """Shake hands with the webhook in a process of its own, from an address of its own."""
        flood = Flood(
            host=HOST,
            port=self.port,
            addresses=[_FLOODING],
            rate=self.count(rate),
            seconds=_FLOOD_SECONDS * self.scale,
            whole=whole,
        )
        file = self.folder / "flood.json"
        file.write_text(json.dumps(asdict(flood)))
        argv = (sys.executable, "-m", "bench.siege.shaker", str(file))
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.DEVNULL)
        await process.wait()


@dataclass(slots=True, kw_only=True)
class Watch:
    """The witness's process, and the roles' memory."""

    process: asyncio.subprocess.Process
    program: Program

    async def seen(self) -> Seen:
        """Return what was seen since the last time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()
        return Seen(**json.loads(await self.process.stdout.readline()))


@asynccontextmanager
async def besieged(folder: Path, scale: float) -> AsyncIterator[tuple[Field, Watch]]:
    """Start everything, and end it."""
    api = ApiServer()
    api.add(SLIM_POLICIES, {"metadata": {"name": "siege", "generation": 1}, "spec": _SPEC})
    tls, port = make_tls(folder, [HOST]), free_port()
    honest = servers.start(folder, "honest")
    try:
        count = int(_IMAGES * max(scale, _LEAST_SCALE))
        images = push(honest.host, count, file_bytes=_FILE_BYTES, big_every=count)
        async with serving(_ADDRESSES) as registry:
            hosts = [honest.host, *registry.hosts]
            config = write_configuration(
                folder,
                registries=plain(hosts),
                webhookPort=port,
                tlsDirectory=str(folder),
                drainDuration=0,
            )
            async with api.roles(folder, config=config) as begin:
                program = begin("webhook")
                await asyncio.to_thread(program.wait_until_ready)
                charge = _charge(folder, port, program, images)
                async with _watching(folder, charge) as process, _session(tls) as session:
                    place = Field(
                        folder=folder,
                        registry=registry,
                        honest_registry=honest.host,
                        port=port,
                        context=tls.context,
                        api=api,
                        session=session,
                        scale=scale,
                    )
                    yield place, Watch(process=process, program=program)
    finally:
        honest.stop()


def _charge(folder: Path, port: int, program: Program, images: Sequence[Image]) -> Charge:
    small = [one.reference for one in images if not one.big]
    return Charge(
        url=f"https://{HOST}:{port}{PATH}",
        ca_file=str(folder / "ca.crt"),
        health=f"{program.health}/livez",
        namespace=HONEST,
        known=small[:_KNOWN],
        fat=next(one.reference for one in images if one.big),
        cold=small[_KNOWN:],
    )


def _session(tls: Tls) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=tls.context, limit=0)
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout)


@asynccontextmanager
async def _watching(folder: Path, charge: Charge) -> AsyncIterator[asyncio.subprocess.Process]:
    file = folder / "charge.json"
    file.write_text(json.dumps(asdict(charge)))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.siege.witness",
        str(file),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
