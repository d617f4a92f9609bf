"""The API server as tests talk to it: JSON over one kept connection, warnings included."""

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

from slimgate.cluster.resources import (
    BASE_IMAGES,
    CONTROLLER_REVISIONS,
    EVENTS,
    IMAGE_PROFILES,
    NAMESPACES,
    SERVICE_ACCOUNTS,
    SLIM_EXCEPTIONS,
    SLIM_POLICIES,
)
from slimgate.core.workloads.kinds import BUILT_IN, Kind
from tests.lab.state import Lab

Json = dict[str, Any]
T = TypeVar("T")

CRDS: Final = Kind(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
)
HOOKS: Final = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
)
BINDINGS: Final = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
)
_MERGE: Final = "application/merge-patch+json"
_KINDS: Final[Mapping[str, Kind]] = {
    **{kind.kind: kind for kind in BUILT_IN},
    **{
        resource.kind: resource
        for resource in (
            BASE_IMAGES, BINDINGS, CRDS, EVENTS, HOOKS, IMAGE_PROFILES, NAMESPACES,
            SERVICE_ACCOUNTS, SLIM_EXCEPTIONS, SLIM_POLICIES, CONTROLLER_REVISIONS,
        )
    },
}  # fmt: skip
_WARNING: Final = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API server said: an object or a Status, and the warnings beside it."""

    status: int
    body: Json
    warnings: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether it did what it was asked to."""
        return self.status < http.client.BAD_REQUEST

    @property
    def message(self) -> str:
        """Why not; empty if it did."""
        return "" if self.accepted else str(self.body.get("message", ""))


class Api:
    """One connection as the administrator; not for several threads."""

    def __init__(self, lab: Lab) -> None:
        context = ssl.create_default_context(cafile=lab.ca_file)
        context.load_cert_chain(lab.client_cert, lab.client_key)
        address = urlsplit(lab.apiserver)
        self._connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=60
        )

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once."""
        where = f"{path}?{urlencode(query)}" if query else path
        sent = None if body is None else json.dumps(body)
        try:
            answer, text = self._exchange(method, where, sent, content_type)
        except (http.client.RemoteDisconnected, ConnectionResetError, ssl.SSLEOFError):
            # The server ends connections that nobody has used for a while.
            answer, text = self._exchange(method, where, sent, content_type)
        # http.client takes headers for Latin-1; Go writes UTF-8.
        headers = [h.encode("latin-1").decode() for h in answer.headers.get_all("Warning") or []]
        return Answer(
            status=answer.status,
            body=json.loads(text) if text.startswith(b"{") else {"message": text.decode()},
            warnings=tuple(
                re.sub(r"\\(.)", r"\1", said) for h in headers for said in _WARNING.findall(h)
            ),
        )

    def _exchange(
        self, method: str, where: str, body: str | None, content_type: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            self._connection.request(method, where, body, {"Content-Type": content_type})
            answer = self._connection.getresponse()
            return answer, answer.read()
        except BaseException:
            self._connection.close()
            raise

    def try_create(self, obj: Json, *, dry_run: bool = False) -> Answer:
        """Ask for a new object, which may be refused."""
        query = {"dryRun": "All"} if dry_run else {}
        namespace = obj["metadata"].get("namespace", "")
        resource = resource_of(obj)
        path = resource.within(namespace) if namespace else resource.all()
        return self.call("POST", path, obj, query=query)

    def create_deep(self, obj: Json, where: str, *, levels: int) -> Answer:
        """Make an object with something nested in it in the place of a word; none is read back."""
        nested = '{"f:a":' * levels + "{}" + "}" * levels
        text = json.dumps(obj).replace(json.dumps(where), nested)
        answer, _ = self._exchange(
            "POST", path_of(obj).rpartition("/")[0], text, "application/json"
        )
        return Answer(status=answer.status, body={}, warnings=())

    def create(self, obj: Json) -> Json:
        """Make an object, which must be accepted."""
        return _accepted(self.try_create(obj))

    def try_patch(
        self, obj: Json, patch: object, *, subresource: str = "", dry_run: bool = False
    ) -> Answer:
        """Ask for a change by a merge patch, which may be refused."""
        path = f"{path_of(obj)}/{subresource}" if subresource else path_of(obj)
        query = {"dryRun": "All"} if dry_run else {}
        return self.call("PATCH", path, patch, content_type=_MERGE, query=query)

    def patch(self, obj: Json, patch: object, *, subresource: str = "") -> Json:
        """Change an object by a merge patch, which must be accepted."""
        return _accepted(self.try_patch(obj, patch, subresource=subresource))

    def get(self, obj: Json) -> Json:
        """Return an object as it is now."""
        return _accepted(self.call("GET", path_of(obj)))

    def find(self, obj: Json) -> Json | None:
        """Return an object as it is now, None if there is none."""
        answer = self.call("GET", path_of(obj))
        return None if answer.status == http.client.NOT_FOUND else _accepted(answer)

    def list(
        self, kind: str, namespace: str = "", query: Mapping[str, str] | None = None
    ) -> Sequence[Json]:
        """List objects of a kind."""
        resource = _KINDS[kind]
        path = resource.within(namespace) if namespace else resource.all()
        found: Sequence[Json] = _accepted(self.call("GET", path, query=query))["items"]
        return found

    def delete(self, obj: Json, policy: str = "Background") -> None:
        """Delete an object, if there is one; nobody waits for what follows from it."""
        answer = self.call("DELETE", path_of(obj), {"propagationPolicy": policy})
        assert answer.accepted or answer.status == http.client.NOT_FOUND, answer


def resource_of(obj: Json) -> Kind:
    """Say where the API server keeps an object; a kind unknown here has the usual plural."""
    if obj["kind"] in _KINDS:
        return _KINDS[obj["kind"]]
    group, _, version = obj["apiVersion"].rpartition("/")
    kind = obj["kind"]
    return Kind(group=group, version=version, kind=kind, plural=f"{kind.lower()}s")


def path_of(obj: Json) -> str:
    """Say where the API server keeps an object."""
    metadata = obj["metadata"]
    return resource_of(obj).one(metadata.get("namespace", ""), metadata["name"])


def eventually(look: Callable[[], T | None], what: str, seconds: float = _SECONDS) -> T:
    """Look again and again until there is something true to see, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s, last {found!r}"
        time.sleep(0.03)


def _accepted(answer: Answer) -> Json:
    assert answer.accepted, answer
    return answer.body
