"""A kubeconfig of one server and one user."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_ANYBODY: Final = {"token": "x"}


def kubeconfig(
    folder: Path, server: str, user: Mapping[str, object] = _ANYBODY, **cluster: str
) -> str:
    """Write it into a folder, over what was there; return where it is."""
    path = folder / "kubeconfig"
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": server.rstrip("/"), **cluster}}],
        "users": [{"name": "x", "user": user}],
    }
    path.write_text(json.dumps(config))
    return str(path)
