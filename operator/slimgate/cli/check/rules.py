"""Resources of files, read with the line of every fault, and exceptions that excuse nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar

from slimgate.cli.manifests.errors import InputError, InputsError
from slimgate.cli.manifests.lines import field_line
from slimgate.cli.manifests.read import FileDocument
from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import NAME, object_of, text_of
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.base_image import BaseImage, parse_base_image
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.exception_parser import parse_exception
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.policy_parser import GROUP, VERSION, parse_policy
from slimgate.core.text import nearest, printable
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, GroupKind

T = TypeVar("T")
_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec", "status")


def read_policies(documents: Sequence[FileDocument]) -> tuple[Policy, ...]:
    """Read SlimPolicies, by name; InputsError names the file, line and field of every fault."""
    return _by_name(_read_all(documents, _policy))


def read_base_images(documents: Sequence[FileDocument]) -> tuple[BaseImage, ...]:
    """Read BaseImages likewise."""
    return _by_name(_read_all(documents, parse_base_image))


def read_exceptions(documents: Sequence[FileDocument]) -> tuple[SlimException, ...]:
    """Read SlimExceptions, of whatever namespace."""
    return tuple(exception for _, exception in _read_all(documents, _exception))


def void(
    exceptions: Iterable[SlimException], policies: Iterable[Policy], now: datetime
) -> Iterator[str]:
    """Say which exceptions have ended, or name a policy that is not there or forbids them."""
    named = {policy.name: policy for policy in policies}
    for exception in exceptions:
        name = f"SlimException {printable(f'{exception.namespace}/{exception.name}')}"
        if now >= exception.expires:
            yield f"{name} expired on {exception.expires:%Y-%m-%d}"
            continue
        for one in exception.policies:
            if one not in named:
                yield f"{name} excuses from no policy {printable(one)}: there is none of that name"
            elif (refusal := exception.refused_by(named[one], now)) is not None:
                yield f"{name} is not applied: {refusal.message}"


def _policy(resource: JsonObject) -> Policy:
    policy = parse_policy(resource)
    _check_kinds(sorted(policy.match.resources), "spec.match.resources")
    return policy


def _exception(resource: JsonObject) -> SlimException:
    exception = parse_exception(resource)
    _check_kinds([(one.group, one.kind) for one in exception.resources], "spec.resources")
    return exception


def _check_kinds(kinds: Iterable[GroupKind], path: str) -> None:
    """Refuse kinds of Kubernetes' own groups that run nothing: each is a word misspelt.

    The API server takes them, as it does kinds of others that a cluster may have or not.
    """
    ours = {kind: group for group, kind in TEMPLATE_PATHS}
    for group, kind in kinds:
        if group not in ours.values() or (group, kind) in TEMPLATE_PATHS:
            continue
        right = nearest(kind, ours)
        meant = f" Did you mean {ours[right]}/{right}?" if right else ""
        raise InvalidPolicyError(
            path, f"there is no kind {printable(kind, 63)} with a pod template in {group}.{meant}"
        )


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def _by_name(read: Sequence[tuple[FileDocument, N]]) -> tuple[N, ...]:
    found: dict[str, N] = {}
    for document, one in read:
        if one.name in found:
            kind = text_at(document.content, "kind")
            twice = InvalidPolicyError("metadata.name", f"another {kind} has this name.")
            raise _fault(document, twice)
        found[one.name] = one
    return tuple(found[name] for name in sorted(found))


def _read_all(
    documents: Sequence[FileDocument], read: Callable[[JsonObject], T]
) -> list[tuple[FileDocument, T]]:
    found: list[tuple[FileDocument, T]] = []
    errors: list[InputError] = []
    for document in documents:
        try:
            _check_head(document.content)
            found.append((document, read(document.content)))
        except InvalidPolicyError as err:
            errors.append(_fault(document, err))
    if errors:
        raise InputsError(errors)
    return found


def _check_head(content: JsonObject) -> None:
    """Refuse what the API server would refuse of any object, or drop."""
    wanted = f"{GROUP}/{VERSION}"
    if text_at(content, "apiVersion") != wanted:
        raise InvalidPolicyError("apiVersion", f"must be {wanted}.")
    object_of(content, "", _FIELDS)
    if name := text_at(mapping_at(content, "metadata"), "name"):
        text_of(name, "metadata.name", NAME)


def _fault(document: FileDocument, err: InvalidPolicyError) -> InputError:
    line = field_line(document.content, err.path) or document.line
    kind = text_at(document.content, "kind")
    name = printable(text_at(mapping_at(document.content, "metadata"), "name"), 253)
    return InputError(document.file, line, f"{f'{kind} {name}'.strip()}: {err}")
