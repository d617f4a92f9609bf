"""Statuses in few words."""

from slimgate.core.wording.status import Status


def brief(status: Status) -> dict[str, str]:
    """Return the state and the reason of each condition."""
    return {one.type: f"{one.state.value} {one.reason}" for one in status.conditions}


def messages(status: Status) -> dict[str, str]:
    """Return what each condition says."""
    return {one.type: one.message for one in status.conditions}
