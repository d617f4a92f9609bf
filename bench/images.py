"""The images that are admitted: small real ones, each twentieth with a layer of 30 MB."""

import random
from dataclasses import dataclass
from typing import Final

from tests.support.images import Pusher, image, layer

LIMIT: Final = "20Mi"
_BIG_EVERY: Final = 20
_BIG_BYTES: Final = 30_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A reference, and whether it breaks the limit."""

    reference: str
    big: bool


def push(host: str, count: int) -> list[Image]:
    """Push so many images of 3 to 8 layers, the same bytes every time."""
    pusher = Pusher(url=f"http://{host}")
    fat = layer({"data/big.bin": random.Random(1).randbytes(_BIG_BYTES)}, compression="none")
    made = []
    for number in range(count):
        rng = random.Random(7000 + number)
        layers = [
            layer({f"data/{i}.bin": rng.randbytes(rng.randint(10_000, 200_000))})
            for i in range(rng.randint(3, 8))
        ]
        big = number % _BIG_EVERY == _BIG_EVERY - 1
        repository = f"bench/img-{number:03d}"
        content = image([*layers, fat] if big else layers, config={"Labels": {"n": str(number)}})
        pusher.push(repository, "v1", content)
        made.append(Image(reference=f"{host}/{repository}:v1", big=big))
    return made
