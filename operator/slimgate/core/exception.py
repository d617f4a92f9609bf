"""SlimException: a namespace's own, reasoned and limited leave from policies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.fields import object_of, text_of, texts_of
from slimgate.core.finding import Finding, Subject
from slimgate.core.globs import matches, matches_reference
from slimgate.core.text import printable
from slimgate.core.workload import JsonObject, Workload, mapping_at, text_at

_SPEC: Final = frozenset({"policies", "images", "workloads", "reason", "expires"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimException:
    """Honoured for its own namespace only, and until `expires`; empty parts match everything."""

    namespace: str
    name: str
    reason: str
    expires: datetime
    policies: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()

    def covers(self, finding: Finding, subject: Subject, now: datetime) -> bool:
        """Whether the finding is excused now."""
        if now >= self.expires or subject.workload.namespace != self.namespace:
            return False
        if self.policies and finding.policy not in self.policies:
            return False
        return self._names(subject.workload) and self._image(finding, subject)

    def _names(self, workload: Workload) -> bool:
        names = {workload.name} | ({workload.owner.name} if workload.owner else set())
        return not self.workloads or any(matches(self.workloads, name) for name in names)

    def _image(self, finding: Finding, subject: Subject) -> bool:
        if not self.images:
            return True
        uses = [finding.use] if finding.use else list(subject.images)
        return all(matches_reference(self.images, use.reference) for use in uses)


def parse_exception(resource: JsonObject) -> SlimException:
    """Read a SlimException; InvalidPolicyError names the field at fault."""
    metadata = mapping_at(resource, "metadata")
    spec = object_of(resource.get("spec"), "spec", _SPEC)
    reason = text_of(spec.get("reason", ""), "spec.reason").strip()
    if not reason:
        raise InvalidPolicyError("spec.reason", "is required: say why the exception is needed.")
    return SlimException(
        namespace=text_at(metadata, "namespace"),
        name=text_at(metadata, "name"),
        reason=printable(reason, 256),
        expires=_expires(text_of(spec.get("expires", ""), "spec.expires")),
        policies=texts_of(spec.get("policies"), "spec.policies"),
        images=texts_of(spec.get("images"), "spec.images"),
        workloads=texts_of(spec.get("workloads"), "spec.workloads"),
    )


def _expires(text: str) -> datetime:
    try:
        expires = datetime.fromisoformat(text.upper())
    except ValueError as err:
        raise InvalidPolicyError(
            "spec.expires", "must be a time, as in 2027-01-31T00:00:00Z."
        ) from err
    if expires.tzinfo is None:
        raise InvalidPolicyError("spec.expires", "needs a time zone, as in 2027-01-31T00:00:00Z.")
    return expires
