"""An image of the Docker engine, read from the stream of `docker save`.

`docker history` would be quicker, but it counts the bytes of files where a layer's tar is longer,
and gives neither the config as stored nor what the layers hold. So the engine sends the image
once, and its layers are measured as they pass; nothing is kept.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from docker.api import APIClient
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import kwargs_from_env

from slimgate.core.errors import ImageError, NotFoundError, UnavailableError
from slimgate.core.text import printable
from slimgate.sources.archive import read_archive
from slimgate.sources.docker_archive import HeldImages, read_images
from slimgate.sources.stream import Watch

_MAX_CAUSES: Final = 50
_TIMEOUT: Final = 900
"""Seconds of silence: the engine writes the whole image to its disk before it sends a byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineImage:
    """An image as the Docker engine knows it, by name or ID.

    `host` is the engine's address; None takes DOCKER_HOST, else docker's current context.
    """

    name: str
    host: str | None = None

    def read(self, watch: Watch) -> HeldImages:
        """Have the engine send the image, and measure it."""
        with _errors(self.name, _address(self.host)), closing(_client(self.host)) as client:
            total = int(client.inspect_image(self.name).get("Size") or 0)  # type: ignore[no-untyped-call]
            stream: Iterator[bytes] = client.get_image(self.name)
            files = read_archive(watch.over(stream, total or None))
        return read_images(files, None, what="what the Docker engine sent")


def _client(host: str | None) -> APIClient:
    if host is None and "base_url" not in (known := kwargs_from_env()):
        context = ContextAPI.get_current_context()
        return APIClient(context.Host, tls=context.TLSConfig, version="auto", timeout=_TIMEOUT)
    settings = {"base_url": host} if host else known
    return APIClient(**settings, version="auto", timeout=_TIMEOUT)


def _address(host: str | None) -> str:
    """Tell where the engine is looked for, as far as the environment says it."""
    return host or str(kwargs_from_env().get("base_url") or "its context's address")


@contextmanager
def _errors(name: str, address: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except ImageNotFound as err:
        raise NotFoundError(
            f"the Docker engine has no image {printable(name, 128)!r}; see `docker images`"
        ) from err
    except APIError as err:
        why = printable(str(err.explanation or err), 200)
        raise UnavailableError(f"the Docker engine refused: {why}") from err
    except (DockerException, OSError) as err:
        raise UnavailableError(
            f"the Docker engine can't be reached at {printable(address, 128)}: {_why(err)}; start "
            "it, or set DOCKER_HOST to where it is"
        ) from err


def _why(err: BaseException) -> str:
    """Find what the system said: the libraries between write its error as Python does."""
    asked: list[object] = [err]
    for one in asked:  # which grows
        if isinstance(one, OSError) and one.strerror:
            return printable(one.strerror, 200)
        if isinstance(one, BaseException) and len(asked) < _MAX_CAUSES:
            asked += [*one.args, one.__cause__, one.__context__]
    return printable(str(err), 200)
