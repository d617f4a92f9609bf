"""Objects of a cluster, of few words."""

from collections.abc import Mapping

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.workloads.workload import ImageUse, Role, Workload
from tests.engine.shelf import APP, Door

EXPIRES = "2027-01-31T00:00:00Z"


def policy(name: str = "default", generation: int = 1, **spec: object) -> dict[str, object]:
    """Make a SlimPolicy; without limits, bases and budget it limits pull sizes to 1 Gi."""
    if not {"limits", "bases", "budget"} & spec.keys():
        spec["limits"] = {"pullSize": {"deny": "1Gi"}}
    return {"metadata": {"name": name, "generation": generation}, "spec": spec}


def exception(name: str, namespace: str = "shop", **spec: object) -> dict[str, object]:
    """Make a SlimException for everything."""
    whole = {"policyRefs": ["default"], "reason": "a test", "expirationTime": EXPIRES, **spec}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": whole}


def base_image(
    *references: str, name: str = "golden", status: object = None, **spec: object
) -> dict[str, object]:
    """Make a BaseImage."""
    whole = {"references": list(references), **spec}
    return {"metadata": {"name": name}, "spec": whole, **({"status": status} if status else {})}


def deployments(name: str) -> list[dict[str, str]]:
    """Name Deployments in a SlimException."""
    return [{"apiGroup": "apps", "kind": "Deployment", "name": name}]


def namespace(labels: Mapping[str, str], name: str = "shop") -> dict[str, object]:
    """Make a namespace."""
    return {"metadata": {"name": name, "labels": labels}}


def node(name: str, architecture: str, runtime: str = "containerd://2.1.4") -> dict[str, object]:
    """Make a node that runs Linux."""
    info = {
        "operatingSystem": "linux",
        "architecture": architecture,
        "containerRuntimeVersion": runtime,
    }
    return {"metadata": {"name": name}, "status": {"nodeInfo": info}}


def use(reference: str = APP, name: str = "web", role: Role = Role.CONTAINER) -> ImageUse:
    """Use an image."""
    return ImageUse(role=role, name=name, reference=reference)


def workload(*uses: ImageUse | str, name: str = "web", namespace: str = "shop") -> Workload:
    """Make a Deployment; containers are named by their number."""
    images = tuple(
        use(one, f"c{number}") if isinstance(one, str) else one for number, one in enumerate(uses)
    )
    return Workload(
        group="apps", kind="Deployment", namespace=namespace, name=name, uid=name, images=images
    )


class Keys:
    """A keyring that gives everybody the same credentials, or fails."""

    def __init__(self, answer: Identity | Exception = ANONYMOUS) -> None:
        self.answer = answer
        self.next: Identity | None = None
        """Those that a second look finds."""
        self.asked = 0
        self.doors: dict[int, Door] = {}
        """Waited for by whoever asks for so many times."""

    def known(self, workload: Workload) -> Identity | None:
        """Know nothing before it is asked."""
        assert workload.namespace
        return None

    async def identity(self, workload: Workload) -> Identity:
        """Find a workload's credentials."""
        assert workload.namespace
        self.asked += 1
        if (door := self.doors.get(self.asked)) is not None:
            await door.enter()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def newer(self, workload: Workload, refused: Identity) -> Identity | None:
        """Have the next ones, if there are any."""
        assert workload.namespace
        assert isinstance(refused, Identity)
        if self.next is None or self.next == refused:
            return None
        self.answer = self.next
        return self.next
