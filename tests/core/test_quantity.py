"""Quantities: what Kubernetes reads, what people read."""

from contextlib import suppress
from decimal import ROUND_CEILING, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidQuantityError
from slimgate.core.quantity import format_bytes, parse_percent, parse_quantity

MAX = 2**63 - 1
SUFFIXES = {
    "": Decimal(1), "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12, "P": Decimal(10) ** 15, "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40, "Pi": Decimal(2) ** 50, "Ei": Decimal(2) ** 60,
    "m": Decimal("0.001"), "u": Decimal("0.000001"), "n": Decimal("0.000000001"),
    "e3": Decimal(1000), "E3": Decimal(1000), "e+2": Decimal(100), "e-3": Decimal("0.001"),
}  # fmt: skip

ACCEPTED = [
    ("300Mi", 300 * 2**20),
    ("2G", 2 * 10**9),
    ("1k", 1_000),
    ("1E", 10**18),
    ("1E3", 1_000),
    ("1e3", 1_000),
    ("12e-1", 2),
    ("+5", 5),
    ("5.", 5),
    (".5Ki", 512),
    ("1.5Gi", 3 * 2**29),
    ("0.1", 1),
    ("100m", 1),
    ("1n", 1),
    ("00.1k", 100),
    # k8s.io/apimachinery rounds up however far behind the point the rest is.
    ("1048576.0000000000000000000000000000000001", 1_048_577),
    ("8Ei", MAX),
    ("9e99", MAX),
    (7, 7),
    pytest.param(10**5000, MAX, id="more than Python writes down"),
]

REFUSED = [
    ("", "is not a quantity"),
    (" 1", "is not a quantity"),
    ("1 Mi", "as in 300Mi or 2G. Did you mean 1Mi?"),
    ("1MB", "as in 300Mi or 2G. Did you mean 1M?"),
    ("1.5gib", "as in 300Mi or 2G. Did you mean 1.5Gi?"),
    ("1 KB", "as in 300Mi or 2G. Did you mean 1k?"),
    ("1kib", "as in 300Mi or 2G. Did you mean 1Ki?"),
    ("1mi", "as in 300Mi or 2G. Did you mean 1Mi?"),
    ("1Ki5", "is not a quantity"),
    ("1e100", "is not a quantity"),
    (".", "is not a quantity"),
    ("1.2.3", "is not a quantity"),
    ("0x10", "is not a quantity"),
    ("1_000", "is not a quantity"),
    ("\N{ARABIC-INDIC DIGIT ONE}", "is not a quantity"),
    ("9" * 65, "is not a quantity"),
    ("1\n", "'1\\\\n' is not a quantity: write bytes as Kubernetes does, as in 300Mi or 2G."),
    (True, "'True' is not a quantity"),
    ("0", "'0' must be more than zero."),
    ("0Mi", "must be more than zero"),
    ("0e9", "must be more than zero"),
    ("-1Mi", "must be more than zero"),
    (-1, "must be more than zero"),
    (0, "must be more than zero"),
    pytest.param(-(10**5000), "must be more than zero", id="less than Python writes down"),
]


@pytest.mark.parametrize(("text", "expected"), ACCEPTED)
def test_accepted(text: str | int, expected: int) -> None:
    """A quantity is read as bytes, rounded up, and at most what 63 bits hold."""
    assert parse_quantity(text) == expected


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text: str | int, message: str) -> None:
    """What is no positive quantity is refused, and quoted so that it can do no harm."""
    with pytest.raises(InvalidQuantityError) as caught:
        parse_quantity(text)

    assert message in str(caught.value)


@given(
    st.integers(0, 10**18), st.text("0123456789", max_size=30), st.sampled_from(sorted(SUFFIXES))
)
def test_agrees_with_decimals(whole: int, fraction: str, suffix: str) -> None:
    """Every number with every suffix is what exact decimals make of it."""
    text = f"{whole}.{fraction}"
    with localcontext() as context:
        context.prec = 200
        exact = Decimal(text) * SUFFIXES[suffix]
        expected = min(int(exact.to_integral_value(ROUND_CEILING)), MAX)

    if expected == 0:
        with pytest.raises(InvalidQuantityError):
            parse_quantity(text + suffix)
    else:
        assert parse_quantity(text + suffix) == expected


@given(st.text(max_size=80) | st.integers())
def test_only_one_kind_of_error(text: str | int) -> None:
    """Whatever stands there is a positive number or an InvalidQuantityError."""
    with suppress(InvalidQuantityError):
        assert 0 < parse_quantity(text) <= MAX


@pytest.mark.parametrize(("text", "expected"), [("25%", 25), ("0%", 0), ("999999%", 999_999)])
def test_percent(text: str, expected: int) -> None:
    """A percentage is a whole number and a percent sign."""
    assert parse_percent(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "25", "%", "2.5%", "-1%", "25 %", "1000000%", "\N{ARABIC-INDIC DIGIT TWO}%", "25%\n"],
)
def test_no_percent(text: str) -> None:
    """What is not a percentage is refused with an example of one."""
    with pytest.raises(InvalidQuantityError, match="write a whole number and %, as in 25%"):
        parse_percent(text)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (99 * 1024 + 972, "99.9 KiB"),
        (100 * 1024 - 1, "100 KiB"),
        (2**20 - 1, "1 MiB"),
        (2**20 - 600, "1023 KiB"),
        (6_832_000, "6.5 MiB"),
        (398 * 10**6, "380 MiB"),
        (912 * 2**20, "912 MiB"),
        (2**30 - 1, "1 GiB"),
        (5 * 2**40, "5 TiB"),
        (3 * 2**50, "3 PiB"),
        (2**63 - 1, "8 EiB"),
        (-1536, "-1.5 KiB"),
    ],
)
def test_format(count: int, expected: str) -> None:
    """Bytes are written short, in the unit that people would choose."""
    assert format_bytes(count) == expected


@given(st.integers(1, MAX))
def test_format_is_near(count: int) -> None:
    """What is written is never more than a twentieth away from what was meant."""
    text = format_bytes(count)
    back = parse_quantity(text.removesuffix("B").replace(" ", ""))

    assert abs(back - count) <= count / 20
    assert len(text) <= len("1023 KiB")
