"""What roles and commands need: the time, and what settings mean for each part."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from slimgate.core.credentials.docker_config import MalformedDockerConfigError, parse_config
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.credentials.providers import parse_providers
from slimgate.core.errors import SettingsError
from slimgate.engine.inspector import InspectorSettings
from slimgate.engine.ration import ReviewLimits
from slimgate.engine.reader import ReaderSettings
from slimgate.engine.resolver import ResolverSettings
from slimgate.registry.providers import Providers
from slimgate.registry.proxies import Proxy, parse_proxy
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import Settings

_REVIEW_REQUESTS: Final = 2_048
_REVIEW_BYTES: Final = 32 * 2**20


def registry_settings(
    settings: Settings, *, refused: frozenset[str] = frozenset()
) -> RegistrySettings:
    """Tell the registry client what it may do; `refused` are the API server's addresses."""
    return RegistrySettings(
        exemptions=settings.registries,
        proxy=_proxy(settings),
        refused_addresses=refused,
        user_agent=f"slimgate/{version('slimgate')}",
        silent_seconds=settings.failure_seconds,
        whole_layer_bytes=settings.whole_layer_bytes,
        measured_layer_bytes=settings.measured_layer_bytes,
    )


def _proxy(settings: Settings) -> Proxy | None:
    if settings.https_proxy is None:
        return None
    try:
        return parse_proxy(settings.https_proxy, settings.no_proxy or "")
    except ValueError as error:
        raise SettingsError(f"httpsProxy: {error}") from error


def providers(settings: Settings) -> Providers:
    """Make what runs the kubelet's credential providers; SettingsError if they can't be used."""
    file, folder = settings.credential_provider_config, settings.credential_provider_bin_dir
    if file is None or folder is None:
        return Providers()
    from slimgate.settings.document import parse_document  # noqa: PLC0415 - it loads yaml

    try:
        found = parse_providers(parse_document(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError, SettingsError) as error:
        raise SettingsError(f"credentialProviderConfig: {file} can't be used: {error}") from error
    return Providers(found, Path(folder))


def inspector_settings(settings: Settings) -> InspectorSettings:
    """Tell the inspector how long to remember."""
    return InspectorSettings(
        resolver=ResolverSettings(
            tag_seconds=settings.tag_seconds,
            failure_seconds=settings.failure_seconds,
            stale_seconds=settings.stale_seconds,
        ),
        reader=ReaderSettings(whole_layer_bytes=settings.whole_layer_bytes),
        claims=settings.claims,
    )


def review_limits(settings: Settings) -> ReviewLimits:
    """Tell what an admission may take: more than that of any pod that was seen.

    A pod of thirty images, each for two platforms with a dozen layers of its own, takes some 1,000
    requests where unpacked sizes are wanted, and 5 MiB of documents.
    """
    return ReviewLimits(
        wait_seconds=settings.admission_wait_seconds,
        requests=_REVIEW_REQUESTS,
        document_bytes=_REVIEW_BYTES,
    )


def own_identity(settings: Settings) -> Identity:
    """Read the operator's own credentials; SettingsError if the file can't be used."""
    if settings.docker_config is None:
        return ANONYMOUS
    try:
        return parse_config(Path(settings.docker_config).read_bytes())
    except (OSError, MalformedDockerConfigError) as error:
        raise SettingsError(
            f"dockerConfig: {settings.docker_config} can't be used: {error}"
        ) from error


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)
