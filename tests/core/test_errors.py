"""The error tree: what an error says of itself."""

import pytest

from slimgate.core.errors import (
    ImageError,
    InvalidPolicyError,
    NotFoundError,
    RateLimitedError,
    SlimgateError,
    UnavailableError,
)


def subclasses(kind: type[ImageError]) -> list[type[ImageError]]:
    """List all kinds of an error."""
    return [kind, *(below for one in kind.__subclasses__() for below in subclasses(one))]


def test_reasons_are_told_apart() -> None:
    """Each kind of error has its own word for metrics; what is a case of another has that one's."""
    reasons = [kind.reason for kind in subclasses(ImageError) if "reason" in vars(kind)]

    assert sorted(set(reasons)) == sorted(reasons)


@pytest.mark.parametrize(
    ("error", "temporary"),
    [(NotFoundError("x"), False), (RateLimitedError("x"), True), (UnavailableError("x"), True)],
    ids=["not found", "rate limited", "unavailable"],
)
def test_temporary(error: ImageError, *, temporary: bool) -> None:
    """An error says whether trying again can help."""
    assert error.temporary is temporary


def test_policy_errors_name_their_path() -> None:
    """The field at fault stands in the sentence, and beside it for programs."""
    error = InvalidPolicyError("spec.mode", "must be Audit.")

    assert (error.path, str(error)) == ("spec.mode", "spec.mode: must be Audit.")
    assert isinstance(error, SlimgateError)


def test_bare() -> None:
    """A bare copy says the same, and keeps nothing of where it was raised alive."""
    with pytest.raises(RateLimitedError) as caught:
        raise RateLimitedError("slower", code="TOOMANYREQUESTS", retry_after=5) from OSError("why")
    bare = caught.value.bare()

    assert (str(bare), bare.code, bare.retry_after) == ("slower", "TOOMANYREQUESTS", 5)
    assert (bare.__traceback__, bare.__cause__, bare.__context__) == (None, None, None)

    of_policy = InvalidPolicyError("spec.mode", "must be Audit.")
    assert (of_policy.bare().path, str(of_policy.bare())) == (of_policy.path, str(of_policy))
