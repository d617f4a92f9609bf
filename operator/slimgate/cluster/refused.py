"""RefusedImageSets: what the API server refuses by itself."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ExistsError
from slimgate.cluster.mirror import Sink
from slimgate.cluster.resources import OWN_LABELS, REFUSED_IMAGE_SETS
from slimgate.core.admission.refused_texts import Data, remembered
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at

_LOG: Final = logging.getLogger(__name__)
_PREFIX: Final = "refused-"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a stored set: a hash of its data, and the keys of that."""

    content: str
    keys: frozenset[str]

    @classmethod
    def of(cls, data: Mapping[str, object]) -> "_Kept":
        """Tell data apart."""
        text = json.dumps(data, sort_keys=True)
        return cls(hashlib.sha256(text.encode()).hexdigest(), frozenset(data))


class RefusedStore:
    """Reads and writes the RefusedImageSets of one cluster; sets of others are deleted."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api
        self._kept: dict[str, _Kept] = {}
        self._reader = _Reader(self._kept, set())

    @property
    def sink(self) -> Sink:
        """What the mirror must feed."""
        return self._reader

    def remembered(self) -> frozenset[str]:
        """Give the references that an earlier run wrote and every namespace may know of, once."""
        found = frozenset(self._reader.references)
        self._reader.references.clear()
        return found

    async def write(self, parts: Sequence[Data]) -> bool:
        """Have the cluster hold these and no others; whether it does.

        What goes comes last, so that nothing is missing meanwhile.
        """
        wanted = {f"{_PREFIX}{number}": data for number, data in enumerate(parts)}
        done = True
        for name, data in wanted.items():
            done &= await self._try(name, data)
        for name in self._kept.keys() - wanted.keys():
            done &= await self._try(name, None)
        return done

    async def _try(self, name: str, data: Data | None) -> bool:
        """Write one; one that is not taken does not keep the others back."""
        try:
            await (self._drop(name) if data is None else self._put(name, data))
        except ClusterError as error:
            _LOG.warning("the RefusedImageSet %s could not be written: %s", name, error)
            return False
        return True

    async def _put(self, name: str, data: Data) -> None:
        kept, wanted = self._kept.get(name), _Kept.of(data)
        if kept is not None and kept.content == wanted.content:
            return
        if kept is None:
            with suppress(ExistsError):
                await self._api.create(REFUSED_IMAGE_SETS.all(), _object(name, data))
                self._kept[name] = wanted
            return
        # A merge patch leaves keys that it does not name; null removes them.
        patch = {"data": {**dict.fromkeys(kept.keys - data.keys()), **data}}
        try:
            await self._api.merge_patch(REFUSED_IMAGE_SETS.one("", name), patch)
        except MissingError:
            self._kept.pop(name, None)
            raise
        self._kept[name] = wanted

    async def _drop(self, name: str) -> None:
        with suppress(MissingError):
            await self._api.delete(REFUSED_IMAGE_SETS.one("", name))
        self._kept.pop(name, None)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a mirror of them tells."""

    kept: dict[str, _Kept]
    references: set[str]

    def put(self, obj: JsonObject) -> None:
        """Hear of one, be it another's."""
        data = mapping_at(obj, "data")
        self.kept[text_at(mapping_at(obj, "metadata"), "name")] = _Kept.of(data)
        self.references.update(remembered(data))

    def drop(self, namespace: str, name: str) -> None:  # noqa: ARG002 - sets have none
        """Hear that one is gone."""
        self.kept.pop(name, None)


def _object(name: str, data: Data) -> dict[str, object]:
    return {
        "apiVersion": REFUSED_IMAGE_SETS.api_version,
        "kind": REFUSED_IMAGE_SETS.kind,
        "metadata": {"name": name, "labels": dict(OWN_LABELS)},
        "data": data,
    }
