"""What settings make of the certificate's keeper."""

import pytest

from slimgate.app.certificates import keeper_settings
from slimgate.settings import CertificateSource, Settings


@pytest.mark.parametrize(
    ("who", "makes", "trusts"),
    [
        (CertificateSource.OWN, True, True),
        (CertificateSource.SECRET, False, True),
        (CertificateSource.CERT_MANAGER, False, False),
    ],
)
def test_what_is_written(who: CertificateSource, *, makes: bool, trusts: bool) -> None:
    """The Secret only where slimgate makes it, the caBundle unless cert-manager does."""
    found = keeper_settings(Settings(certificates=who))

    assert (found.makes, found.trusts) == (makes, trusts)


def test_names() -> None:
    """The API server calls a Service by its name in the namespace."""
    found = keeper_settings(Settings(namespace="ops", name="gate"))

    assert list(found.names) == [
        "gate-webhook.ops.svc",
        "gate-webhook.ops.svc.cluster.local",
        "gate-webhook",
    ]
