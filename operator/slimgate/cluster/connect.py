"""Finds the cluster and logs in: in a pod by its service account, elsewhere by a kubeconfig.

The official client does the work; this puts its complaints into sentences. They never hold the
text of a kubeconfig entry, which the client's own errors quote with its tokens.
"""

import logging
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.request import getproxies, proxy_bypass

from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import (
    KUBE_CONFIG_DEFAULT_LOCATION,
    ConfigException,
    load_incluster_config,
    load_kube_config,
)
from kubernetes.aio.config.kube_config import KubeConfigLoader
from yaml import YAMLError
from yarl import URL

from slimgate.cluster.errors import UnreachableError
from slimgate.core.errors import NoClusterError
from slimgate.core.text import printable

DEFAULT_NAMESPACE: Final = "default"
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LOST: Final = re.compile(r"Expected object with name (?P<name>\S+) in \S*?(?P<kind>\w+) list")
_UNREADABLE: Final = (
    ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError,
)  # fmt: skip
"""What the client lets through where a kubeconfig is not what it expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A way to the API server for other clients than the official one; two alike are equal."""

    server: str
    credentials: tuple[object, ...] = field(repr=False)
    tls: ssl.SSLContext = field(compare=False)
    configuration: Configuration = field(compare=False, repr=False)

    @property
    def tls_name(self) -> str | None:
        """The name in the server's certificate, if it is not that of the server's address."""
        return self.configuration.tls_server_name

    @property
    def proxy(self) -> str | None:
        """The proxy on the way."""
        return self.configuration.proxy

    async def authorization(self) -> str | None:
        """Give the header, with a token that is renewed in time; UnreachableError if it can't."""
        try:
            return await self.configuration.get_api_key_with_prefix("BearerToken")
        except _UNREADABLE as err:
            raise UnreachableError(f"the credentials can't be renewed: {_why(err)}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The official client, logged in, and the namespace that commands mean without saying so."""

    client: ApiClient
    namespace: str


async def open_access() -> Access:
    """Log in as `open_session` does."""
    client = (await open_session(None, None)).client
    configuration = client.configuration
    access = Access(
        server=configuration.host,
        credentials=(
            configuration.cert_file, configuration.key_file, configuration.ssl_ca_cert,
            configuration.proxy, configuration.tls_server_name, configuration.verify_ssl,
        ),
        tls=client.rest_client.ssl_context,
        configuration=configuration,
    )  # fmt: skip
    if isinstance(configuration.refresh_api_key_hook, partial):
        # A plugin may give another token each time, though all of them are refused.
        return access
    return replace(access, credentials=(*access.credentials, await access.authorization()))


async def open_session(kubeconfig: str | None, context: str | None) -> Session:
    """Log in; NoClusterError says what is missing. Nothing has called the server yet."""
    configuration = Configuration()
    # Python 3.13 refuses CAs of many clusters for extensions that neither kubectl nor Go asks for.
    configuration.disable_strict_ssl_verification = True
    if kubeconfig is None and context is None:
        reason = _in_cluster(configuration)
        if reason is None:
            return Session(client=_client(configuration), namespace=_own_namespace())
    else:
        reason = "a kubeconfig was asked for"
    paths = KUBE_CONFIG_DEFAULT_LOCATION if kubeconfig is None else kubeconfig
    if not _exists(paths):
        wanted = "" if kubeconfig is not None else f", and this is not a pod ({reason})"
        raise NoClusterError(
            f"there is no kubeconfig {_place(paths)}{wanted}; "
            "name one with --kubeconfig or KUBECONFIG"
        )
    return await _by_kubeconfig(configuration, paths, context)


def _in_cluster(configuration: Configuration) -> str | None:
    """Use what Kubernetes mounts into a pod, or say why it can't be used."""
    try:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as err:
        return str(err).rstrip(".")
    return None


def _own_namespace() -> str:
    """Read what Kubernetes mounts into a pod beside its token."""
    try:
        return _NAMESPACE_FILE.read_text(encoding="ascii").strip() or DEFAULT_NAMESPACE
    except (OSError, UnicodeDecodeError):
        return DEFAULT_NAMESPACE


async def _by_kubeconfig(configuration: Configuration, paths: str, context: str | None) -> Session:
    shown = printable(paths)
    try:
        with _complaints() as complaints:
            loader = await load_kube_config(  # type: ignore[no-untyped-call]
                config_file=paths,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
        client = _client(configuration)
    except ssl.SSLError as err:
        raise NoClusterError(
            f"the kubeconfig {shown} can't be used: its certificates can't be read ({err.reason})"
        ) from err
    except YAMLError as err:
        raise NoClusterError(f"the kubeconfig {shown} is not YAML") from err
    except _UNREADABLE as err:
        # Not chained: the client's error may quote an entry, and entries hold tokens.
        raise NoClusterError(f"the kubeconfig {shown} can't be used: {_why(err)}") from None
    if complaints:
        raise NoClusterError(
            f"the kubeconfig {shown} can't be used: its credential plugin gave no login: "
            f"{complaints[0]}"
        )
    server = URL(configuration.host)
    if not hasattr(loader, "host") or server.scheme not in {"http", "https"} or not server.host:
        raise NoClusterError(
            f"the kubeconfig {shown} has no server: write https://host:port into its cluster"
        )
    _keep_fresh(configuration, loader)
    return Session(client=client, namespace=_namespace_of(loader))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the client only logs, and then goes on without: that a plugin failed."""
    heard: list[str] = []
    listener = logging.Handler(logging.ERROR)
    listener.emit = lambda record: heard.append(  # type: ignore[method-assign]
        printable(record.getMessage().removeprefix("exec: "))
    )
    log = logging.getLogger(KubeConfigLoader.__module__)
    log.addHandler(listener)
    try:
        yield heard
    finally:
        log.removeHandler(listener)


def _client(configuration: Configuration) -> ApiClient:
    """Make the client, which would ask netrc and the environment in two threads a request.

    A netrc holds logins that are not for the API server; kubectl reads none.
    """
    configuration.client_session_kwargs = {"trust_env": False}
    server = URL(configuration.host)
    if configuration.proxy is None and server.host and not proxy_bypass(server.host):
        configuration.proxy = getproxies().get(server.scheme)
    return ApiClient(configuration)


def _namespace_of(loader: KubeConfigLoader) -> str:
    """Read the context's namespace, as kubectl does."""
    namespace = loader.current_context["context"].get("namespace")
    return namespace if isinstance(namespace, str) and namespace else DEFAULT_NAMESPACE


def _keep_fresh(configuration: Configuration, loader: KubeConfigLoader) -> None:
    """Have credentials of a plugin, which expire, renewed before the request that needs them."""
    if hasattr(loader, "exec_plugin_expiry") and hasattr(loader, "token"):
        configuration.refresh_api_key_hook = partial(_renew, loader)  # type: ignore[assignment]


async def _renew(loader: KubeConfigLoader, configuration: Configuration) -> None:
    await loader.load_from_exec_plugin()  # type: ignore[no-untyped-call]
    configuration.api_key["BearerToken"] = loader.token


def _why(err: Exception) -> str:
    if isinstance(err, ConfigException):
        text = str(err).partition("{")[0].strip()
        if (lost := _LOST.search(text)) is not None:
            return f"it has no {lost['kind'].removesuffix('s')} {printable(lost['name'])}"
        return printable(text)
    if isinstance(err, OSError) and err.strerror:
        return printable(f"{err.strerror}: {err.filename}")
    return "it is not a kubeconfig"


def _place(paths: str) -> str:
    if not paths:
        return "of an empty name"
    is_folder = Path(paths).expanduser().is_dir()
    return f"at {printable(paths)}{', which is a folder' if is_folder else ''}"


def _exists(paths: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path)
