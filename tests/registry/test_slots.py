"""How many requests are under way at once: so many of each registry, whatever the others do."""

import asyncio

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.oci import Descriptor
from slimgate.registry.client import RegistryClient
from tests.registry.conftest import settings_for
from tests.registry.hostile import hostile, silent
from tests.registry.test_hostile import answers, of
from tests.support.images import OCI_LAYER, digest_of, tar_of


async def test_slow_layers_do_not_stop_those_of_another_registry() -> None:
    """Layers that are read whole are counted by registry too."""
    tar = tar_of({"a": b"a"})
    layer = Descriptor(media_type=OCI_LAYER, digest=digest_of(tar), size=len(tar))
    async with hostile(silent) as slow, hostile(answers(body=tar)) as quick:
        settings = settings_for(slow.host, quick.host)
        async with RegistryClient(settings) as client:
            waiting = [
                asyncio.create_task(client.layer(of(slow.host), layer, ANONYMOUS)) for _ in range(9)
            ]
            async with asyncio.timeout(10):
                reading = await client.layer(of(quick.host), layer, ANONYMOUS)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    assert reading.unpacked.bytes == len(tar)
    assert len(slow.seen) <= settings.host_streams
