"""Reads a SlimException resource; the CustomResourceDefinition refuses the same mistakes."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import (
    ANY,
    IMAGE_GLOB,
    Shape,
    group_kind_of,
    list_of,
    object_of,
    one_of,
    text_of,
    texts_of,
)
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.exception import NOT_ALLOWED, TOO_LONG, ExcusedWorkloads, SlimException
from slimgate.core.policies.limits_parser import caps_of
from slimgate.core.text import printable
from slimgate.core.timestamp import parse_time

_SPEC: Final = ("policyRefs", "checks", "resources", "images", "upTo", "reason", "expirationTime")
_CHECKS: Final = {check: check for check in CHECKS}
_POLICY: Final = Shape(
    re.compile(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"), 253, "must be the name of a policy"
)
_NAME_GLOB: Final = Shape(
    re.compile(r"[-a-z0-9.*?]+"), 253, "must be a name or a glob of names, as in web-*"
)
_TIME: Final = Shape(
    re.compile(
        r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
        r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    ),
    40,
    "must be a time with its zone, as in 2027-01-31T00:00:00Z",
)
_MAX_REASON: Final = 256
_SHOWN: Final = re.compile(r"[^\t\n\f\r ]")


def parse_exception(resource: JsonObject) -> SlimException:
    """Read a SlimException; InvalidPolicyError names the field at fault."""
    metadata = mapping_at(resource, "metadata")
    spec = object_of(resource.get("spec"), "spec", _SPEC)
    policies = texts_of(spec.get("policyRefs"), "spec.policyRefs", _POLICY)
    if not policies:
        raise InvalidPolicyError("spec.policyRefs", "is required: name the policies.")
    checks = _checks(spec)
    return SlimException(
        namespace=text_at(metadata, "namespace"),
        name=text_at(metadata, "name"),
        reason=_reason(spec),
        expires=_expires(spec),
        policies=policies,
        checks=checks,
        resources=_resources(list_of(spec.get("resources"), "spec.resources", least=1)),
        images=texts_of(spec.get("images"), "spec.images", IMAGE_GLOB, least=1),
        up_to=_caps(spec, checks),
        refused_since=_refused_since(resource),
    )


def _refused_since(resource: JsonObject) -> datetime | None:
    """Read from the status when a policy refused it, unless its spec was changed after that."""
    generation = mapping_at(resource, "metadata").get("generation")
    for one in objects_at(mapping_at(resource, "status"), "conditions"):
        if (
            (text_at(one, "type"), text_at(one, "status")) == ("Accepted", "False")
            and text_at(one, "reason") in {NOT_ALLOWED, TOO_LONG}
            and one.get("observedGeneration") == generation
        ):
            return parse_time(text_at(one, "lastTransitionTime"))
    return None


def _checks(spec: JsonObject) -> tuple[str, ...]:
    checks = texts_of(spec.get("checks"), "spec.checks", least=1)
    for i, check in enumerate(checks):
        one_of(check, _CHECKS, f"spec.checks[{i}]")
    return checks


def _resources(raw: list[object]) -> tuple[ExcusedWorkloads, ...]:
    found: dict[ExcusedWorkloads, None] = {}
    for i, entry in enumerate(raw):
        at = f"spec.resources[{i}]"
        resource = object_of(entry, at, ("apiGroup", "kind", "name"))
        group, kind = group_kind_of(resource, at)
        name = text_of(resource.get("name", "*"), f"{at}.name", _NAME_GLOB)
        excused = ExcusedWorkloads(group=group, kind=kind, name=name)
        if excused in found:
            raise InvalidPolicyError(at, "is listed twice.")
        found[excused] = None
    return tuple(found)


def _caps(spec: JsonObject, checks: tuple[str, ...]) -> Mapping[str, int]:
    if "upTo" not in spec:
        return {}
    caps = caps_of(spec["upTo"], "spec.upTo")
    if not caps:
        raise InvalidPolicyError("spec.upTo", "set at least one cap, as in pullSize: 900Mi.")
    for check in caps:
        if checks and check not in checks:
            raise InvalidPolicyError("spec.upTo", f"{check} must be among the checks, too.")
    return caps


def _reason(spec: JsonObject) -> str:
    reason = text_of(spec.get("reason", ""), "spec.reason", ANY.up_to(_MAX_REASON))
    if not _SHOWN.search(reason):
        raise InvalidPolicyError("spec.reason", "is required: say why the exception is needed.")
    return printable(reason.strip(" \t\n\f\r"), _MAX_REASON)


def _expires(spec: JsonObject) -> datetime:
    path = "spec.expirationTime"
    if "expirationTime" not in spec:
        raise InvalidPolicyError(path, "is required, as in 2027-01-31T00:00:00Z.")
    text = text_of(spec["expirationTime"], path, _TIME)
    try:
        return datetime.fromisoformat(text)
    except ValueError as err:
        raise InvalidPolicyError(path, f"{_TIME.wanted}.") from err
