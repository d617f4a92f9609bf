"""The webhook as it is put together; tests/live has the API server call it."""

import asyncio
import ssl
from pathlib import Path

import aiohttp

from slimgate.cluster.resources import SLIM_POLICIES
from tests.app.api_server import HOST, ApiServer
from tests.cluster.conftest import eventually
from tests.engine.cluster import policy
from tests.live.programs import free_port
from tests.webhook.reviews import Answered, deployment, review
from tests.webhook.serving import certificates


async def test_from_policies_to_an_answer(tmp_path: Path) -> None:
    """It is ready once policies are loaded, answers by them, and drains when it is told to end."""
    server, made, port = ApiServer(refused={"slimpolicies"}), certificates(), free_port(HOST)
    (tmp_path / "tls.crt").write_bytes(made.certificate)
    (tmp_path / "tls.key").write_bytes(made.key)
    spec = policy(mode="Enforce", onUnknown="Deny")
    server.add(SLIM_POLICIES, spec)
    trust = ssl.create_default_context(cadata=made.ca_bundle.decode())
    settings = {
        "webhook_port": str(port), "tls_directory": str(tmp_path), "drain_duration": "0",
        "docs_url": "https://wiki.example.com/slim",
    }  # fmt: skip
    async with server.roles(tmp_path, **settings) as begin, aiohttp.ClientSession() as session:
        program = begin("webhook")

        async def refused() -> str | None:
            reason = await asyncio.to_thread(program.unready) or ""
            return reason if "no right" in reason else None

        early = await eventually(refused, 60)
        server.refused.clear()
        await asyncio.to_thread(program.wait_until_ready)
        asking = session.post(
            f"https://{HOST}:{port}/validate",
            data=review(deployment("no//reference")),
            headers={"Content-Type": "application/json"},
            ssl=trust,
        )
        async with asking as answer:
            answered = Answered.of(await answer.read())
        counted = await asyncio.to_thread(program.metric, "slimgate_admissions_total")
        ended = await asyncio.to_thread(program.stop)

    assert early.startswith(
        "not ready: policies are not loaded: the API server forbids it: no right"
    )
    assert not answered.allowed
    assert answered.message.startswith("slimgate: ")
    assert "image's reference (https://wiki.example.com/slim#reference)." in answered.message
    assert (counted, ended) == (1, 0)
