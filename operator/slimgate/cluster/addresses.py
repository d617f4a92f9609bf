"""The API server's own addresses, which a registry must not make slimgate call."""

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ApiError, UnreachableError
from slimgate.cluster.resources import ENDPOINT_SLICES
from slimgate.core.json_object import JsonObject, objects_at, text_at
from slimgate.core.text import printable

_OWN_SLICES: Final = {"labelSelector": "kubernetes.io/service-name=kubernetes"}


async def server_addresses(api: ClusterApi) -> frozenset[str]:
    """List every address:port that the API server is known to listen at.

    Where it was reached, where it says it is, and, as far as slimgate may read them, the
    endpoints of the Service `kubernetes`. UnreachableError if its name does not resolve.
    """
    found = await _resolve(api.server.host or "", api.server.port or 443)
    try:
        found |= set(_advertised(await api.get("/api")))
        async for entry in api.list(ENDPOINT_SLICES.within("default"), _OWN_SLICES):
            found |= set(_endpoints(entry))
    except ApiError as err:
        if isinstance(err, UnreachableError):
            raise
    return frozenset(found)


async def _resolve(host: str, port: int) -> set[str]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as err:
        raise UnreachableError(
            f"the API server's name {printable(host, 128)} does not resolve"
        ) from err
    return {_pair(str(info[4][0]), port) for info in infos}


def _advertised(versions: JsonObject) -> Iterator[str]:
    for entry in objects_at(versions, "serverAddressByClientCIDRs"):
        host, _, port = text_at(entry, "serverAddress").rpartition(":")
        if host and port.isdecimal():
            yield _pair(host.strip("[]"), int(port))


def _endpoints(entry: JsonObject) -> Iterator[str]:
    ports = [port for one in objects_at(entry, "ports") if isinstance(port := one.get("port"), int)]
    for endpoint in objects_at(entry, "endpoints"):
        addresses = endpoint.get("addresses")
        for address in addresses if isinstance(addresses, list) else ():
            yield from (_pair(str(address), port) for port in ports)


def _pair(host: str, port: int) -> str:
    address = ip_address(host.partition("%")[0])
    return f"[{address}]:{port}" if isinstance(address, IPv6Address) else f"{address}:{port}"
