"""Times as Kubernetes writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from slimgate.core.timestamp import format_time, parse_time

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T12:00:00Z", NOON),
        ("2026-11-25T14:00:00+02:00", NOON),
        ("2026-11-25T12:00:00.000000Z", NOON),
        ("2026-11-25T12:00:00", None),
        ("now", None),
        ("", None),
    ],
)
def test_times_are_read(text: str, expected: datetime | None) -> None:
    """What has no zone is no moment, and what is no time is no error."""
    assert parse_time(text) == expected


def test_times_are_written() -> None:
    """To the second, in UTC, whatever the zone."""
    east = (NOON + timedelta(microseconds=9)).astimezone(timezone(timedelta(hours=9)))

    assert format_time(east) == "2026-11-25T12:00:00Z"
