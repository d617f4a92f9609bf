"""Documents that wait for their turn to be read."""

import asyncio
import json
from contextlib import closing

from slimgate.core.errors import OverloadedError
from slimgate.core.images.oci import parse_document
from slimgate.engine.parsing import Parsing
from slimgate.engine.ports import Document
from tests.support import images

LARGE = images.image([])
BALLAST = json.dumps(
    {**json.loads(LARGE.manifest), "annotations": {f"{i}": "x" * 900 for i in range(4_000)}}
).encode()
DOCUMENT = Document(digest=images.digest_of(BALLAST), media_type=LARGE.media_type, body=BALLAST)


async def test_who_has_many_is_refused_and_others_are_not() -> None:
    """One namespace's large documents take half of the room; another's is read."""
    with closing(Parsing()) as parsing:
        many = [asyncio.create_task(parsing.document(DOCUMENT, "evil")) for _ in range(60)]
        await asyncio.sleep(0)
        honest = asyncio.create_task(parsing.document(DOCUMENT, "honest"))
        found = await asyncio.gather(*many, return_exceptions=True)

        assert await honest == parse_document(BALLAST, LARGE.media_type)
        refused = [one for one in found if isinstance(one, OverloadedError)]
        assert 54 <= len(refused) < 59
        # What has been read makes room.
        assert await parsing.document(DOCUMENT, "evil") == await honest
