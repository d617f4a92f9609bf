"""The one error tree. Every message is a sentence that its reader can act on.

An error about an image carries `code`, the registry's own error code (`MANIFEST_UNKNOWN`, ...)
where it gave one, and `temporary`, which says whether trying again later can help.
"""

from typing import Final, Self


class SlimgateError(Exception):
    """Anything that slimgate reports on purpose; its text is safe to show to users."""

    def bare(self) -> Self:
        """Copy it without traceback and causes, which would keep all that they passed alive.

        What is kept, or raised later, is a copy: else it and its traceback hold each other.
        """
        copied = type(self).__new__(type(self), *self.args)
        copied.__dict__.update(self.__dict__)
        return copied


class InvalidQuantityError(SlimgateError):
    """A size, count or percentage is not written as Kubernetes writes it."""


class InvalidDurationError(SlimgateError):
    """A time is not written as Kubernetes writes durations."""


class InvalidSelectorError(SlimgateError):
    """A label selector is not written as kubectl reads it."""


class InvalidPolicyError(SlimgateError):
    """A SlimPolicy or SlimException can't be used; `path` is the field at fault."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class InvalidFactsError(SlimgateError):
    """Facts that were kept outside slimgate are not of the form that it writes."""


class SettingsError(SlimgateError):
    """A setting in the environment or on the command line can't be used."""


class MissingExtraError(SlimgateError):
    """A command needs a part of slimgate that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what}: install slimgate with its extra {extra}, "
            f"as by pip install '.[{extra}]' in its checkout"
        )


class ClusterError(SlimgateError):
    """The Kubernetes API server refused or could not be reached."""


class KubeletError(ClusterError):
    """A kubelet did not tell what it measured; `reason` tells them apart for metrics."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class MissingError(ClusterError):
    """There is no such object, kind or namespace, or it is on its way out."""


class NoClusterError(ClusterError):
    """There is no configuration that says which cluster to use, or it can't be used."""


class ImageError(SlimgateError):
    """Facts about an image could not be had."""

    reason = "error"
    temporary = False
    no_platform = False
    """Whether the image is there, but not for a platform that nodes have."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class InvalidReferenceError(ImageError):
    """The text is no image reference."""

    reason = "invalid_reference"


class NotFoundError(ImageError):
    """The registry answered that there is no such manifest, blob or repository."""

    reason = "not_found"


class NoPlatformError(NotFoundError):
    """There is no image of that name for a platform of the nodes."""

    no_platform = True


class UnauthorizedError(ImageError):
    """The registry wants other credentials than those that were offered."""

    reason = "unauthorized"


class RateLimitedError(ImageError):
    """The registry asked for fewer requests; `retry_after` is in seconds, None if it named none."""

    reason = "rate_limited"
    temporary = True

    def __init__(
        self, message: str, *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class UnavailableError(ImageError):
    """The registry can't be reached, is too slow, or failed on its side."""

    reason = "unavailable"
    temporary = True


class OverloadedError(ImageError):
    """slimgate itself has more to do than it takes on at once."""

    reason = "overloaded"
    temporary = True


class OverBudgetError(ImageError):
    """What one review may take of registries was used up before the image was known."""

    reason = "over_budget"
    temporary = True


class SpentError(SlimgateError):
    """What one review may take of registries is used up.

    Not an ImageError, of which many are kept: it says nothing of an image or a registry.
    """

    reason = OverBudgetError.reason

    def of_image(self) -> OverBudgetError:
        """Say of an image that it is not known therefore."""
        return OverBudgetError(str(self))


class RefusedAddressError(ImageError):
    """The registry, or where it sends us, is an address that slimgate does not call."""

    reason = "refused_address"


class TooLargeError(ImageError):
    """An answer, or a workload, is beyond what slimgate reads."""

    reason = "too_large"


class DigestMismatchError(ImageError):
    """The bytes are not those that the digest names."""

    reason = "digest_mismatch"


class UnsupportedError(ImageError):
    """The image is of a kind that slimgate does not judge, or its documents break the spec."""

    reason = "unsupported"


IMAGE_REASONS: Final = tuple(
    kind.reason
    for kind in (
        ImageError, InvalidReferenceError, NotFoundError, UnauthorizedError, RateLimitedError,
        UnavailableError, OverloadedError, OverBudgetError, RefusedAddressError, TooLargeError,
        DigestMismatchError, UnsupportedError,
    )
)  # fmt: skip
"""Why facts about an image could not be had, as metrics call it."""
