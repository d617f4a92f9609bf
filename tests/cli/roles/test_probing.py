"""What `helm test` asks, of pods and a webhook that listen here."""

import asyncio
import errno
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cli.roles.probing import ProbeFindings, ProbeTargets, addresses, look, probe
from slimgate.core.errors import SettingsError
from tests.cli.make import here
from tests.webhook.serving import certificates, serving

CONTROLLER, WEBHOOK = "127.0.0.1", "127.0.0.2"
GOOD = ["the controller is ready and has metrics", "the webhook is ready and has metrics"]


@dataclass(kw_only=True)
class Pod:
    """A pod's second port."""

    address: str
    role: str
    ready: int = 200
    metrics: str = 'slimgate_build_info{version="1",role="ROLE"} 1.0\n'

    @asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Answer as long as the context lasts."""
        app = web.Application()
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _readyz(self, request: web.Request) -> web.Response:
        del request
        return web.Response(status=self.ready, text="ok" if self.ready == 200 else "not ready: why")

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="# HELP a\na 1\n" + self.metrics.replace("ROLE", self.role))


def both() -> list[Pod]:
    """Return two pods that are as they should be."""
    return [Pod(address=CONTROLLER, role="controller"), Pod(address=WEBHOOK, role="webhook")]


def bound(addresses: Sequence[str]) -> dict[str, socket.socket]:
    """Take one port of several addresses: of some of them another program may have it."""
    while True:
        first = socket.create_server((addresses[0], 0))
        port = first.getsockname()[1]
        try:
            return {
                addresses[0]: first,
                **{one: socket.create_server((one, port)) for one in addresses[1:]},
            }
        except OSError as error:
            first.close()
            if error.errno != errno.EADDRINUSE:
                raise


@asynccontextmanager
async def installed(folder: Path, pods: Sequence[Pod]) -> AsyncIterator[ProbeTargets]:
    """Run pods, and a webhook with its certificate."""
    served, listeners = certificates(), bound([CONTROLLER, WEBHOOK])
    ca = folder / "ca.crt"
    ca.write_bytes(served.ca_bundle)
    port = listeners[CONTROLLER].getsockname()[1]
    async with AsyncExitStack() as stack:
        for listener in listeners.values():
            stack.enter_context(listener)
        for pod in pods:
            await stack.enter_async_context(pod.listening(listeners[pod.address]))
        live = await stack.enter_async_context(serving(folder, served=served))
        yield ProbeTargets(
            host="metrics.test",
            port=port,
            admissions=f"https://127.0.0.1:{live.port}",
            ca_file=str(ca),
        )


async def found(folder: Path, pods: Sequence[Pod], *more: str) -> ProbeFindings:
    """Look once at pods, and at addresses where there is none."""

    async def resolve(host: str) -> Sequence[str]:
        assert host == "metrics.test"
        return [*(pod.address for pod in pods), *more]

    async with installed(folder, pods) as targets:
        return await look(targets, resolve)


async def test_all_is_well(tmp_path: Path) -> None:
    """Each role is named, and the webhook that answered."""
    seen = await found(tmp_path, both())

    assert seen.bad == []
    assert seen.good[:2] == GOOD
    assert seen.good[2].endswith("answers admissions, with a certificate of its CA")


@pytest.mark.parametrize(
    ("pods", "more", "says"),
    [
        (both()[:1], [], "no pod behind metrics.test says that it is the webhook"),
        (both(), ["127.0.0.3"], "127.0.0.3: "),
        ([both()[0], Pod(address=WEBHOOK, role="webhook", ready=503)], [], "503: not ready: why"),
        (
            [both()[0], Pod(address=WEBHOOK, role="webhook", metrics="up 1")],
            [],
            "its /metrics lack",
        ),
    ],
    ids=["a role is missing", "an address is dead", "unready", "no metrics"],
)
async def test_what_is_wrong_is_said(
    tmp_path: Path, pods: Sequence[Pod], more: Sequence[str], says: str
) -> None:
    """By the pod, and with its own words."""
    seen = await found(tmp_path, pods, *more)

    assert any(says in line for line in seen.bad), seen.bad


async def test_a_certificate_of_another_ca_is_refused(tmp_path: Path) -> None:
    """The API server would not take it either."""
    async with installed(tmp_path, []) as targets:
        other = tmp_path / "other.crt"
        other.write_bytes(certificates().ca_bundle)
        seen = await look(replace(targets, ca_file=str(other)), _nobody)

    assert any("certificate verify failed" in line for line in seen.bad), seen.bad


async def test_no_address_means_that_no_pod_is_ready(tmp_path: Path) -> None:
    """A headless Service without ready pods has no address."""
    async with installed(tmp_path, []) as targets:
        seen = await look(targets, _nobody)

    assert seen.bad[0] == "metrics.test has no address, so no pod is ready: unknown"


async def test_it_waits_until_all_is_well(tmp_path: Path) -> None:
    """Pods that are just starting get the time that is given, and no more."""
    webhook = Pod(address=WEBHOOK, role="webhook", ready=503)

    async def resolve(host: str) -> Sequence[str]:
        del host
        return [CONTROLLER, WEBHOOK]

    async with installed(tmp_path, [both()[0], webhook]) as targets:
        early = await probe(targets, 0.5, resolve)
        asyncio.get_running_loop().call_later(0.5, setattr, webhook, "ready", 200)
        late = await probe(targets, 20.0, resolve)

    assert early.bad
    assert late.bad == []


async def test_a_ca_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    """It is a mistake of whoever asks."""
    missing = tmp_path / "none.crt"
    targets = ProbeTargets(host="a", port=1, admissions="https://127.0.0.1:1", ca_file=str(missing))

    with pytest.raises(SettingsError, match=r"none\.crt"):
        await look(targets, _nobody)


async def test_names_are_resolved() -> None:
    """By the system's own resolver, each address once."""
    found = await addresses("localhost")

    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found)) > 0


async def test_the_command_exits_by_what_it_found(tmp_path: Path) -> None:
    """0 and 1, with what was found on the one stream or the other."""
    roles = [Pod(address=CONTROLLER, role="controller")]
    async with installed(tmp_path, roles) as targets:
        done = await asyncio.to_thread(_command, targets, f"127.0.0.1:{targets.port}")

    assert done.returncode == 1
    assert GOOD[0] in done.stdout
    assert "no pod behind 127.0.0.1 says that it is the webhook" in done.stderr


@pytest.mark.parametrize("where", ["8080", "host:", "host:0", "host:65536", ":1"])
def test_a_wrong_address_is_wrong_usage(where: str) -> None:
    """The command says how to write it."""
    done = _command(ProbeTargets(host="", port=1, admissions="https://a", ca_file="none"), where)

    assert done.returncode == 2
    assert "slimgate-metrics:8080" in done.stderr


def _command(targets: ProbeTargets, metrics: str) -> subprocess.CompletedProcess[str]:
    options = ["--metrics", metrics, "--admissions", targets.admissions, "--ca", targets.ca_file]
    return here("probe", *options, "--timeout", "3s")


async def _nobody(host: str) -> Sequence[str]:
    del host
    raise OSError("unknown")
