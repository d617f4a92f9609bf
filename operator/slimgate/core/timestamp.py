"""Times as Kubernetes writes them: https://datatracker.ietf.org/doc/html/rfc3339."""

from datetime import UTC, datetime


def parse_time(text: str) -> datetime | None:
    """Read a time with its zone; None if it is not one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def format_time(time: datetime) -> str:
    """Write a time in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(time: datetime) -> str:
    """Write a time in UTC, to the microsecond."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
