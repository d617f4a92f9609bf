"""The bases that an image claims. Anyone can write these: they are validated, then compared.

Sources: https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md and
https://github.com/buildpacks/spec/blob/main/platform.md (io.buildpacks.lifecycle.metadata).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import Digest
from slimgate.core.images.reference import DOCKER_HUB, Reference, parse_digest

Origin = Literal["annotation", "label"]

_NAME: Final = "org.opencontainers.image.base.name"
_DIGEST: Final = "org.opencontainers.image.base.digest"
_LIFECYCLE: Final = "io.buildpacks.lifecycle.metadata"
_MAX_LIFECYCLE: Final = 2**20
_NOTHING: Final = Reference(DOCKER_HUB, "library/scratch", "latest")
"""Docker reserves the name, so no registry answers for it, and nothing can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A base that an image names; `name` is a valid reference, as the image writes it."""

    name: str
    digest: Digest | None
    origin: Origin

    @property
    def reference(self) -> Reference:
        """Where to look the base up: by its digest where the claim gives one."""
        reference = Reference.parse(self.name)
        return reference.at(self.digest) if self.digest else reference

    @property
    def text(self) -> str:
        """The claim in full: the name, with its tag and digest where it gives them."""
        if self.digest is None or "@" in self.name:
            return str(Reference.parse(self.name))
        return str(Reference.parse(f"{self.name}@{self.digest}"))


def claims_of(annotations: Mapping[str, str], labels: Mapping[str, str]) -> tuple[Claim, ...]:
    """Collect the bases that a manifest's annotations and a config's labels name.

    Annotations stand first: they are the image's own, labels may be inherited. What is no valid
    reference is dropped, a malformed digest leaves the name alone. At most three are returned.
    """
    found: dict[Reference, Claim] = {}
    for name, digest, origin in _written(annotations, labels):
        with suppress(InvalidReferenceError):
            claim = _claim(name, digest, origin)
            if Reference.parse(name) != _NOTHING:
                found.setdefault(claim.reference, claim)
    return tuple(found.values())


def _written(
    annotations: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[tuple[str, str | None, Origin]]:
    if name := annotations.get(_NAME):
        yield name, annotations.get(_DIGEST), "annotation"
    if name := labels.get(_NAME):
        yield name, labels.get(_DIGEST), "label"
    if name := _run_image(labels.get(_LIFECYCLE, "")):
        yield name, None, "label"


def _claim(name: str, digest: str | None, origin: Origin) -> Claim:
    written = Reference.parse(name).digest
    with suppress(InvalidReferenceError):
        # A digest inside the name is what a pull of that name would get, so it wins.
        return Claim(
            name=name, digest=written or (parse_digest(digest) if digest else None), origin=origin
        )
    return Claim(name=name, digest=written, origin=origin)


def _run_image(text: str) -> str | None:
    if not text or len(text) > _MAX_LIFECYCLE:
        return None
    try:
        root: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for path in (("runImage", "reference"), ("runImage", "image"), ("stack", "runImage", "image")):
        value = _at(root, path)
        # A bare image ID stands here where the run image came from a Docker engine.
        if isinstance(value, str) and value and not value.startswith("sha256:"):
            return value
    return None


def _at(value: object, path: tuple[str, ...]) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
