"""Status conditions, as Kubernetes keeps them: a time only moves when a status does.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
"""

from collections.abc import Iterable
from datetime import datetime

from slimgate.core.json_object import JsonObject, objects_at, text_at
from slimgate.core.text import printable
from slimgate.core.timestamp import format_time
from slimgate.core.wording.status import Condition

_MESSAGE_LENGTH = 1024


def stamp(
    conditions: Iterable[Condition], held: JsonObject, generation: int, now: datetime
) -> list[dict[str, object]]:
    """Write conditions for a status, with the times of those in `held` that say the same."""
    since = {
        (text_at(entry, "type"), text_at(entry, "status")): text_at(entry, "lastTransitionTime")
        for entry in objects_at(held, "conditions")
    }
    stamped = []
    for condition in conditions:
        status = condition.state.value
        stamped.append(
            {
                "type": condition.type,
                "status": status,
                "observedGeneration": generation,
                "lastTransitionTime": since.get((condition.type, status)) or format_time(now),
                "reason": condition.reason,
                "message": printable(condition.message, _MESSAGE_LENGTH),
            }
        )
    return stamped
