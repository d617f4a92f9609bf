"""Makes the keeper of the webhook's certificate from the settings."""

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.certificates.keeper import CertificateKeeper, KeeperSettings
from slimgate.cluster.certificates.pods import WebhookPods
from slimgate.cluster.certificates.store import CertificateStore
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.settings import CertificateSource, Settings


def certificate_keeper(
    api: ClusterApi, settings: Settings, owner: OwnDeployment
) -> CertificateKeeper:
    """Put the keeper together; whatever it may write, it sees what is served and trusted."""
    namespace = settings.namespace
    return CertificateKeeper(
        CertificateStore(
            api, namespace, settings.webhook_secret, settings.webhook_configuration, owner
        ),
        WebhookPods(api, namespace, settings.webhook_service),
        keeper_settings(settings),
    )


def keeper_settings(settings: Settings) -> KeeperSettings:
    """Name the webhook as the API server calls it, and say what slimgate may write."""
    inside = f"{settings.webhook_service}.{settings.namespace}.svc"
    return KeeperSettings(
        names=(inside, f"{inside}.cluster.local", settings.webhook_service),
        makes=settings.certificates is CertificateSource.OWN,
        trusts=settings.certificates is not CertificateSource.CERT_MANAGER,
    )
