"""What each check is about, for outputs that describe their rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class About:
    """A title and what to do about it."""

    title: str
    help: str


_SMALLER: Final = (
    "Build in a first stage and copy only what runs into the final one; leave out caches, tests, "
    "documentation and toolchains."
)
_OTHER_BASE: Final = "Choose a slimmer base for the final stage: scratch, distroless or alpine."

ABOUT: Final[Mapping[str, About]] = {
    "inspection": About(
        "An image could not be looked up",
        "Check that the image exists and that your registry login may pull it. Where the image is "
        "built in the same job, map it to a local one: --map REF=oci:FOLDER:TAG.",
    ),
    "pullSize": About(
        "An image is more to pull than the policy allows",
        f"The pull size is what crosses the network: the sum of the compressed layers. {_SMALLER}",
    ),
    "unpackedSize": About(
        "An image unpacks to more than the policy allows",
        f"The unpacked size is what a node's disk holds: the sum of the layers' tars. {_SMALLER}",
    ),
    "layers": About(
        "An image has more layers than the policy allows",
        "Join instructions that belong together, and copy from earlier stages in one step.",
    ),
    "layerSize": About(
        "One layer is more to pull than the policy allows",
        f"A large layer is pulled and unpacked in one piece, whatever changed in it. {_SMALLER}",
    ),
    "workloadPullSize": About(
        "All images of a pod together are more to pull than the policy allows",
        "Layers that the images share count once, so give them one base; and leave out "
        "sidecars that the pod does not need.",
    ),
    "growth": About(
        "An image grew by more than the policy allows",
        "Compare its layers with those of the image that runs now: slimgate inspect --layers.",
    ),
    "base": About(
        "An image has a base that the policy does not allow",
        "Use one of the bases that the policy lists, and build on it as it is, so that its layers "
        "prove it.",
    ),
    "maxTier": About("An image's base is of a higher tier than the policy allows", _OTHER_BASE),
    "falseClaim": About(
        "An image claims a base that its layers contradict",
        "Correct the labels or annotations org.opencontainers.image.base.name and .digest, or the "
        "build that writes them.",
    ),
}
