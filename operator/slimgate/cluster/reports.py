"""Policy reports: one for each workload, in whichever report API the cluster has.

openreports.io where its CustomKindDefinition is installed, else wgpolicyk8s.io, else none.
slimgate installs neither.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.mirror import Mirror, Scope
from slimgate.cluster.resources import OPEN_REPORTS, POLICY_REPORTS, Target
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.report import SOURCE, report_of
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.kinds import Kind
from slimgate.process.stopping import PartGroup

_LOG: Final = logging.getLogger(__name__)
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_CONTENT: Final = "slimgate.dev/content"
"""The annotation with the hash of what a report says, by which changes are known."""
_PREFIX: Final = "slimgate-"
"""Before the workload's uid: Kyverno names its own reports by the uid alone."""
_SECONDS: Final = 20.0
"""Between two looks for the API, which costs two small requests: it may be installed later."""
_PATIENCE: Final = 300.0
"""Seconds that the reports of one that is found are waited for."""


class Reports:
    """Writes reports on change only; `run` finds the API and learns which reports are there.

    `on_switch` is called each time another API was chosen: verdicts must then be recorded again.
    `on_lost` hears the uid of a workload whose report was deleted, and then that of it must be.
    `docs` is the page that results lead to.
    Owner references have reports of deleted workloads collected.
    """

    def __init__(
        self,
        api: ClusterApi,
        *,
        choices: Sequence[Kind] = (OPEN_REPORTS, POLICY_REPORTS),
        seconds: float = _SECONDS,
        on_switch: Callable[[], None] = lambda: None,
        on_lost: Callable[[str], None] = lambda _: None,
        docs: str = DOCS,
    ) -> None:
        self.resource: Kind | None = None
        """The API in use; None before the first look, and where there is none."""
        self._api = api
        self._choices = choices
        self._seconds = seconds
        self._on_switch = on_switch
        self._on_lost = on_lost
        self._docs = docs
        self._known: dict[tuple[str, str], str] = {}
        self._unwanted: set[tuple[str, str]] = set()
        self._tidying = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Look for the API time and again, until cancelled."""
        async with PartGroup() as group:
            while True:
                await self._look(group)
                await asyncio.sleep(self._seconds)

    async def record(self, target: Target, verdict: Verdict) -> bool:
        """Make the workload's report say what the verdict says, or remove it if no policy matches.

        False if nothing was written: it says so already, there is no report API, or the
        workload's namespace is gone.
        """
        if not verdict.policies:
            return await self.remove(target)
        resource, key = self.resource, _key(target)
        if key in self._unwanted:
            async with self._tidying:  # it may just be being deleted
                self._unwanted.discard(key)
        if resource is None:
            return False
        body = _body(resource, target, verdict, self._docs)
        content = _hash(body)
        if self._known.get(key) == content:
            return False
        body["metadata"] = {**_metadata(target), "annotations": {_CONTENT: content}}
        try:
            await self._api.apply(resource.one(*key), body)
        except MissingError:
            return False
        self._known[key] = content
        return True

    async def remove(self, target: Target) -> bool:
        """Delete the workload's report; False if there is none."""
        key = _key(target)
        if self.resource is None or key not in self._known:
            return False
        return await self._delete(self.resource, key)

    async def withdraw(self, target: Target) -> None:
        """Delete the report of what is judged no more, now or once it is known which there are."""
        if self.resource is None:
            self._unwanted.add(_key(target))
        else:
            await self.remove(target)

    def put(self, obj: JsonObject) -> None:
        """Hear of a report of ours (Sink)."""
        metadata = mapping_at(obj, "metadata")
        key = text_at(metadata, "namespace"), text_at(metadata, "name")
        self._known[key] = text_at(mapping_at(metadata, "annotations"), _CONTENT)

    def drop(self, namespace: str, name: str) -> None:
        """Hear that a report of ours is gone (Sink)."""
        if self._known.pop((namespace, name), None) is not None:
            self._on_lost(name.removeprefix(_PREFIX))

    async def _look(self, group: PartGroup) -> None:
        try:
            found = await self._discover()
            if found != self.resource:
                await self._switch(found, group)
            if found == self.resource:  # else its reports can't be listed
                await self._tidy()
        except ClusterError as err:
            _LOG.warning("could not look for a report API: %s", err)

    async def _tidy(self) -> None:
        """Delete what was withdrawn before it was known which reports there are."""
        for key in list(self._unwanted):
            async with self._tidying:
                if key in self._unwanted and key in self._known and self.resource is not None:
                    await self._delete(self.resource, key)
                self._unwanted.discard(key)

    async def _discover(self) -> Kind | None:
        for resource in self._choices:
            if await self._api.has_resource(resource.api_version, resource.plural):
                return resource
        return None

    async def _switch(self, resource: Kind | None, group: PartGroup) -> None:
        await self._leave()
        _LOG.info("writing reports to %s", resource.api_version if resource else "nowhere")
        if resource is not None:
            scope = Scope(
                path=resource.all(),
                query={"labelSelector": f"{_MANAGED_BY}={SOURCE}"},
                metadata_only=True,
            )
            mirror = Mirror(self._api, scope, self)
            self._following = group.create_task(mirror.run())
            try:
                async with asyncio.timeout(_PATIENCE):
                    await mirror.synced.wait()
            except TimeoutError:
                _LOG.warning("reports of %s can't be listed: %s", scope.path, mirror.problem)
                await self._leave()
                return
        self.resource = resource
        self._on_switch()

    async def _leave(self) -> None:
        """Stop following the old API, and leave no report behind that nobody would correct."""
        old, self.resource = self.resource, None
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
            self._following = None
        if old is not None and await self._api.has_resource(old.api_version, old.plural):
            for key in list(self._known):
                await self._delete(old, key)
        self._known.clear()

    async def _delete(self, resource: Kind, key: tuple[str, str]) -> bool:
        try:
            await self._api.delete(resource.one(*key))
            found = True
        except MissingError:
            found = False
        # Not before: what could not be deleted is to be tried again.
        self._known.pop(key, None)
        return found


def _key(target: Target) -> tuple[str, str]:
    return target.namespace, f"{_PREFIX}{target.uid}"


def _metadata(target: Target) -> dict[str, object]:
    namespace, name = _key(target)
    return {
        "name": name,
        "namespace": namespace,
        "labels": {_MANAGED_BY: SOURCE},
        "ownerReferences": [target.owner()],
    }


def _body(resource: Kind, target: Target, verdict: Verdict, docs: str) -> dict[str, object]:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "scope": target.reference(),
        # The older API names the source in each result only.
        **({"source": SOURCE} if resource.kind == OPEN_REPORTS.kind else {}),
        **report_of(verdict, docs),
    }


def _hash(body: JsonObject) -> str:
    return hashlib.sha256(json.dumps(dict(body), sort_keys=True).encode()).hexdigest()[:16]
