"""Windows images: Microsoft applies a base as one or two huge layers."""

from typing import Final

from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_NANO_PULL: Final = (60, 480)
_NANO_UNPACKED: Final = (200, 1_300)
_CORE_PULL: Final = (1_000, 8_000)
_CORE_UNPACKED: Final = (2_500, 20_000)


def windows(traces: Traces) -> Clue | None:
    """Tell nanoserver from servercore by the first layer's size, or by the user that runs."""
    if traces.config.platform.os != "windows":
        return None
    size = traces.root_size
    if size.within(_CORE_PULL, _CORE_UNPACKED):
        return Clue(family="windows", tier=Tier.FULL)
    # Only nanoserver runs as ContainerUser without being told to.
    told = any(step.kind == "USER" for step in traces.steps)
    nano = traces.config.user == "ContainerUser" and not told
    if size.within(_NANO_PULL, _NANO_UNPACKED) or (nano and not size.known):
        return Clue(name="windows/nanoserver", family="windows", tier=Tier.MINIMAL)
    return Clue(family="windows")
