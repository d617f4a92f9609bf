"""The images that are asked for: small real ones, each twentieth with a layer of 30 MB."""

import random
from dataclasses import dataclass
from typing import Final

from tests.support.images import Pusher, image, layer

LIMIT: Final = "20Mi"
_BIG_EVERY: Final = 20
_BIG_BYTES: Final = 30_000_000
_FILE_BYTES: Final = (10_000, 200_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A reference, whether it breaks the limit, how many layers it has, and its digest."""

    reference: str
    big: bool
    layers: int = 0
    digest: str = ""


def push(
    host: str, count: int, *, file_bytes: tuple[int, int] = _FILE_BYTES, big_every: int = _BIG_EVERY
) -> list[Image]:
    """Push so many images of 3 to 8 layers of a file each, the same bytes every time.

    None is big if `big_every` is 0.
    """
    pusher = Pusher(url=f"http://{host}")
    fat = layer({"data/big.bin": random.Random(1).randbytes(_BIG_BYTES)}, compression="none")
    made = []
    for number in range(count):
        rng = random.Random(7000 + number)
        layers = [
            layer({f"data/{i}.bin": rng.randbytes(rng.randint(*file_bytes))})
            for i in range(rng.randint(3, 8))
        ]
        big = big_every > 0 and number % big_every == big_every - 1
        repository = f"bench/img-{number:03d}"
        content = image([*layers, fat] if big else layers, config={"Labels": {"n": str(number)}})
        pusher.push(repository, "v1", content)
        reference = f"{host}/{repository}:v1"
        layer_count, digest = len(content.layers), content.digest
        made.append(Image(reference=reference, big=big, layers=layer_count, digest=digest))
    return made
