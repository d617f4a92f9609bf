"""Pull secrets in the lab, and workloads that name them."""

import base64
import json
from collections.abc import Mapping

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import SECRETS
from slimgate.core.credentials.identity import Identity
from slimgate.core.workloads.workload import Workload

JSON_TYPE = "kubernetes.io/dockerconfigjson"


async def secret(api: ClusterApi, namespace: str, name: str, password: str = "p") -> None:
    """Make a pull secret for the registry of its own name."""
    config = {"auths": {f"{name}.example.com": {"username": "u", "password": password}}}
    await raw(api, namespace, name, JSON_TYPE, {".dockerconfigjson": json.dumps(config)})


async def raw(
    api: ClusterApi, namespace: str, name: str, kind: str, data: Mapping[str, str]
) -> None:
    """Make a secret of any form."""
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    body = {"metadata": {"name": name}, "type": kind, "data": encoded}
    await api.create(SECRETS.within(namespace), body)


def workload(namespace: str, *secrets: str, account: str = "sa") -> Workload:
    """Make a workload."""
    return Workload(
        kind="Deployment",
        namespace=namespace,
        name="web",
        pull_secrets=secrets,
        service_account=account,
    )


def patterns(identity: Identity) -> list[str]:
    """Return for which registries an identity has credentials."""
    return [entry.pattern.removesuffix(".example.com") for entry in identity.entries]


def passwords(identity: Identity) -> list[str | None]:
    """Return the passwords of an identity."""
    return [entry.credential.password for entry in identity.entries]
