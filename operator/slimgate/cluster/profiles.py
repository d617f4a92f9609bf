"""ImageProfiles: facts that survive restarts and are shared by replicas, one object a manifest."""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ExistsError
from slimgate.cluster.mirror import Sink
from slimgate.cluster.resources import IMAGE_PROFILES
from slimgate.core.errors import InvalidFactsError, MissingError
from slimgate.core.images.facts import Digest, ImageFacts
from slimgate.core.images.profile import from_profile, replacing, to_profile
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import printable

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a stored profile: a hash of it, and what it was written from, if here."""

    content: int
    facts: ImageFacts | None = None
    image: str | None = None


class ProfileStore:
    """Reads and writes the ImageProfiles of one cluster.

    `learn` hears of all facts that are read, `unlearn` of digests whose profile is gone.
    """

    def __init__(
        self,
        api: ClusterApi,
        *,
        learn: Callable[[ImageFacts], None],
        unlearn: Callable[[Digest], None] = lambda _digest: None,
    ) -> None:
        self._api = api
        self._kept: dict[str, _Kept] = {}
        self._reader = _Reader(self._kept, learn, unlearn)

    @property
    def sink(self) -> Sink:
        """What the mirror of profiles must feed."""
        return self._reader

    def digests(self) -> frozenset[Digest]:
        """List the manifests whose facts are kept."""
        return frozenset(map(_digest, self._kept))

    def keeps(self, digest: Digest) -> bool:
        """Whether there is a profile of a manifest."""
        return _name(digest) in self._kept

    async def put(self, facts: ImageFacts, image: str | None = None) -> None:
        """Keep facts of a manifest, and what people know it by, in the place of others.

        Writes nothing if they are kept already, belong to no manifest, or if there is a profile
        that has not been read yet, which may know more.
        """
        if facts.digest is None:
            return
        name = _name(facts.digest)
        kept = self._kept.get(name)
        if kept is not None and kept.facts is facts and kept.image == image:
            return
        profile = to_profile(facts, image)
        content = _content(profile)
        if kept is None or kept.content != content:
            try:
                await self._write(name, profile)
            except (ExistsError, MissingError):
                return
        self._kept[name] = _Kept(content, facts, image)

    async def drop(self, digest: Digest) -> None:
        """Delete the profile of a manifest, if there is one."""
        name = _name(digest)
        with suppress(MissingError):
            await self._api.delete(IMAGE_PROFILES.one("", name))
        self._kept.pop(name, None)

    async def _write(self, name: str, profile: JsonObject) -> None:
        if name not in self._kept:
            await self._api.create(IMAGE_PROFILES.all(), _object(name, profile))
            return
        await self._api.merge_patch(IMAGE_PROFILES.one("", name), replacing(profile))


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a mirror of profiles tells."""

    kept: dict[str, _Kept]
    learn: Callable[[ImageFacts], None]
    unlearn: Callable[[Digest], None]

    def put(self, obj: JsonObject) -> None:
        """Hear of a profile; one that can't be read is left aside."""
        name = text_at(mapping_at(obj, "metadata"), "name")
        try:
            facts = _facts(name, obj)
        except InvalidFactsError as err:
            self.kept.pop(name, None)
            _LOG.warning("the ImageProfile %s is not used: %s; delete it", printable(name), err)
            return
        content, kept = _content(obj), self.kept.get(name)
        if kept is None or kept.content != content:
            self.kept[name] = _Kept(content)
        if facts is not None:
            self.learn(facts)

    def drop(self, namespace: str, name: str) -> None:  # noqa: ARG002 - profiles have none
        """Hear that a profile is gone."""
        self.kept.pop(name, None)
        self.unlearn(_digest(name))


def _facts(name: str, obj: JsonObject) -> ImageFacts | None:
    profile = from_profile(mapping_at(obj, "facts"))
    if _name(profile.digest) != name:
        raise InvalidFactsError("digest: it differs from the object's name")
    return profile.facts


def _content(profile: JsonObject) -> int:
    """Tell profiles apart by all that slimgate writes in them."""
    fields = [profile.get(key) for key in ("image", "facts")]
    return hash(json.dumps(fields, sort_keys=True))


def _name(digest: Digest) -> str:
    return digest.replace(":", "-", 1)


def _digest(name: str) -> Digest:
    return Digest(name.replace("-", ":", 1))


def _object(name: str, profile: JsonObject) -> dict[str, object]:
    return {
        "apiVersion": IMAGE_PROFILES.api_version,
        "kind": IMAGE_PROFILES.kind,
        "metadata": {"name": name},
        **profile,
    }
