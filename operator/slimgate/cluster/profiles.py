"""ImageProfiles: facts that survive restarts and are shared by replicas, one object a manifest."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ExistsError, MissingError
from slimgate.cluster.mirror import Sink
from slimgate.cluster.resources import IMAGE_PROFILES
from slimgate.core.errors import InvalidFactsError
from slimgate.core.facts_json import from_json, to_profile
from slimgate.core.image import Digest, ImageFacts
from slimgate.core.text import printable
from slimgate.core.workload import JsonObject, mapping_at, text_at

_LOG: Final = logging.getLogger(__name__)
_OF_UNKNOWN: Final = ("pullReason", "unpackedReason", "unpackedAtLeast")


class ProfileStore:
    """Profiles of a cluster.

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
        self._known: dict[str, int] = {}
        self._reader = _Reader(self._known, learn, unlearn)

    @property
    def sink(self) -> Sink:
        """What the mirror of profiles must feed."""
        return self._reader

    def digests(self) -> frozenset[Digest]:
        """List the manifests whose facts are kept."""
        return frozenset(map(_digest, self._known))

    async def put(self, facts: ImageFacts) -> None:
        """Keep facts of a manifest, in the place of others if there are some.

        Writes nothing if they are kept already, belong to no manifest, or if there is a profile
        that has not been read yet, which may know more.
        """
        if facts.digest is None:
            return
        profile, name = to_profile(facts), _name(facts.digest)
        content = hash(from_json(profile))
        if self._known.get(name) == content:
            return
        with suppress(ExistsError, MissingError):
            await self._write(name, profile)
            self._known[name] = content

    async def drop(self, digest: Digest) -> None:
        """Delete the profile of a manifest, if there is one."""
        name = _name(digest)
        with suppress(MissingError):
            await self._api.delete(IMAGE_PROFILES.one("", name))
        self._known.pop(name, None)

    async def _write(self, name: str, profile: JsonObject) -> None:
        if name not in self._known:
            await self._api.create(IMAGE_PROFILES.all(), _object(name, profile))
            return
        # What stands for a value must go once that is known.
        replaced = {**dict.fromkeys(_OF_UNKNOWN), **profile}
        await self._api.merge_patch(IMAGE_PROFILES.one("", name), {"facts": replaced})


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a mirror of profiles tells."""

    known: dict[str, int]
    learn: Callable[[ImageFacts], None]
    unlearn: Callable[[Digest], None]

    def put(self, obj: JsonObject) -> None:
        """Hear of a profile; one that can't be read is left aside."""
        name = text_at(mapping_at(obj, "metadata"), "name")
        try:
            facts = _facts(name, obj)
        except InvalidFactsError as err:
            self.known.pop(name, None)
            _LOG.warning("the ImageProfile %s is not used: %s; delete it", printable(name), err)
            return
        self.known[name] = hash(facts)
        self.learn(facts)

    def drop(self, namespace: str, name: str) -> None:  # noqa: ARG002 - profiles have none
        """Hear that a profile is gone."""
        self.known.pop(name, None)
        self.unlearn(_digest(name))


def _facts(name: str, obj: JsonObject) -> ImageFacts:
    facts = from_json(mapping_at(obj, "facts"))
    if facts.digest is None or _name(facts.digest) != name:
        raise InvalidFactsError("digest: it is not that of the object's name")
    return facts


def _name(digest: Digest) -> str:
    return digest.replace(":", "-", 1)


def _digest(name: str) -> Digest:
    return Digest(name.replace("-", ":", 1))


def _object(name: str, profile: JsonObject) -> dict[str, object]:
    return {
        "apiVersion": IMAGE_PROFILES.api_version,
        "kind": IMAGE_PROFILES.kind,
        "metadata": {"name": name},
        "facts": profile,
    }
