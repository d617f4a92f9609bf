"""Keeps what the API server refuses by itself (ADR 26)."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from slimgate.app.cluster import Core
from slimgate.app.parts import now, own_identity
from slimgate.cluster.refused import RefusedStore
from slimgate.cluster.resources import REFUSED_IMAGE_SETS
from slimgate.controller.changed import Changed
from slimgate.controller.ledger import Ledger
from slimgate.controller.refused import RefusedImages
from slimgate.core.credentials.identity import Identity
from slimgate.core.images.facts import Digest, Inspection, Wants
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Question
from slimgate.engine.wanted import wants_of


def follow_refused(core: Core) -> RefusedStore | None:
    """Mirror what an earlier run wrote, to be called before the core runs.

    None where that is switched off: then nothing is read or written, and no right is needed.
    """
    if not core.settings.refused_images:
        return None
    store = RefusedStore(core.api)
    core.follow("refusedimagesets", REFUSED_IMAGE_SETS.all(), store.sink)
    return store


def keep_refused(
    core: Core, store: RefusedStore | None, ledger: Ledger, changed: Changed
) -> Sequence[Callable[[], Coroutine[None, None, None]]]:
    """Return what keeps it true as it runs; nothing where that is switched off."""
    if store is None:
        return ()
    refused = RefusedImages(
        ledger=ledger,
        catalog=core.catalog,
        store=store,
        look=_OwnLook(core, own_identity(core.settings)),
        changed=changed.another(),
        now=now,
        tag_seconds=core.settings.tag_seconds,
        docs=core.settings.docs_url,
    )
    return (refused.run,)


@dataclass(frozen=True, slots=True)
class _OwnLook:
    """Looks images up with slimgate's own login, which holds for every namespace."""

    core: Core
    identity: Identity

    def fresh(self, reference: Reference) -> Digest | None:
        """Return what a reference means, if that is known already."""
        return self.core.inspector.resolver.fresh(reference, self.identity)

    async def inspect(self, reference: Reference) -> Inspection:
        """Look an image up, for all that any policy wants."""
        catalog = self.core.catalog
        every = (wants_of(one, catalog.trusting) for one in catalog.policies.values())
        wants = reduce(or_, every, Wants())
        question = Question(reference, self.identity, catalog.platforms, wants, str(reference))
        return await self.core.inspector.inspect(question)
