"""Forgets workloads whose deletion kopf has not seen (ADR 9), and takes what it lists."""

import logging
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

from slimgate.controller.reconciler import Reconciler
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import Kind

_LOG: Final = logging.getLogger(__name__)


class Sweeper:
    """Reads along as kopf lists a kind, and drops what is known and in no page of a listing.

    It takes all that is listed itself, by `take`, and leaves nothing of it to kopf, which takes a
    millisecond for each object; changes are kopf's. `left` hears the uids of a whole listing.
    """

    def __init__(
        self,
        *,
        reconciler: Reconciler,
        take: Callable[[Kind, JsonObject], None] = lambda _kind, _obj: None,
        left: Callable[[Kind, AbstractSet[str]], None] = lambda _kind, _uids: None,
    ) -> None:
        self._reconciler = reconciler
        self._left = left
        self._take = take
        self._listings: dict[Kind, set[str]] = {}

    def listed(self, kind: Kind, page: object, *, first: bool) -> None:
        """Take a page of a listing before kopf does; after the last one, forget what is gone.

        kopf watches a kind only once it is listed, so whatever is known by then is in the listing,
        or was deleted before. A uid never comes again, whatever has been made under its name.
        """
        listing = page if isinstance(page, dict) else {}
        metadata = mapping_at(listing, "metadata")
        if first:
            self._listings[kind] = set()
        seen = self._listings.get(kind)
        # Something else that answers with JSON would be taken for an empty cluster.
        if seen is None or not text_at(metadata, "resourceVersion"):
            self._listings.pop(kind, None)
            return
        seen |= {
            text_at(mapping_at(one, "metadata"), "uid") for one in objects_at(listing, "items")
        }
        if not text_at(metadata, "continue"):
            del self._listings[kind]
            self._sweep(kind, seen)
            self._left(kind, seen)
        for one in objects_at(listing, "items"):
            self._try(kind, one)
        if isinstance(page, dict):
            page["items"] = []

    def _try(self, kind: Kind, obj: JsonObject) -> None:
        try:
            self._take(kind, obj)
        except Exception:  # noqa: BLE001 - one object's trouble must not end what kopf lists
            _LOG.exception("a %s that was listed could not be taken", kind.kind)

    def _sweep(self, kind: Kind, seen: set[str]) -> None:
        known = self._reconciler.uids(kind).items()
        gone = sum(self._reconciler.drop(key, uid) for key, uid in known if uid not in seen)
        if gone:
            _LOG.info(
                "forgot workloads that were deleted while nobody watched: %s %d", kind.kind, gone
            )
