"""What keeps the webhook's certificate, as settings say."""

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.certificates.keeper import CertificateKeeper, KeeperSettings
from slimgate.cluster.certificates.pods import WebhookPods
from slimgate.cluster.certificates.store import Store
from slimgate.cluster.owner import Owner
from slimgate.settings import Certificates, Settings


def certificate_keeper(api: ClusterApi, settings: Settings, owner: Owner) -> CertificateKeeper:
    """Put the keeper together; whatever it may write, it sees what is served and trusted."""
    namespace = settings.namespace
    return CertificateKeeper(
        Store(api, namespace, settings.webhook_secret, settings.webhook_configuration, owner),
        WebhookPods(api, namespace, settings.webhook_service),
        keeper_settings(settings),
    )


def keeper_settings(settings: Settings) -> KeeperSettings:
    """Name the webhook as the API server calls it, and say what slimgate may write."""
    inside = f"{settings.webhook_service}.{settings.namespace}.svc"
    return KeeperSettings(
        names=(inside, f"{inside}.cluster.local", settings.webhook_service),
        makes=settings.certificates is Certificates.OWN,
        trusts=settings.certificates is not Certificates.CERT_MANAGER,
    )
