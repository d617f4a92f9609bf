"""What settings can't be together, each of which may be right by itself."""

from collections.abc import Iterator

from slimgate.settings.faults import InvalidSettingsError
from slimgate.settings.model import Settings


def check_together(settings: Settings) -> Settings:
    """Return them; InvalidSettingsError has a line for each contradiction."""
    if lines := list(_contradictions(settings)):
        raise InvalidSettingsError(lines)
    return settings


def _contradictions(settings: Settings) -> Iterator[str]:
    for one, other, found, missing, why in (
        (
            "clientCAFile",
            "clientNames",
            settings.client_ca_file,
            settings.client_names,
            "many have a certificate of a CA",
        ),
        (
            "credentialProviderConfig",
            "credentialProviderBinDir",
            settings.credential_provider_config,
            settings.credential_provider_bin_dir,
            "the one says which programs are run, the other where they are",
        ),
    ):
        if bool(found) != bool(missing):
            there, absent = (one, other) if found else (other, one)
            yield f"{there}: needs {absent}, too, since {why}: set both, or neither"
    if settings.http_port == settings.webhook_port:
        yield f"httpPort: must not be webhookPort, too, which is {settings.webhook_port}"
    if settings.webhook_secret == settings.memory_secret:
        yield f"tlsSecret: {settings.memory_secret} is where slimgate keeps answers: name another"
