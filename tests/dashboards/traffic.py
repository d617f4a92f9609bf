"""People who deploy: what they apply is admitted, warned of, refused or unknown, and counted."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from tests.dashboards.hub import Hub
from tests.dashboards.scene import Scene, deployment

DEMO: Final = "slimgate-demo"
DENIED, WARNED, QUIET = "denied", "warned", "quiet"
_REFUSAL: Final = "denied the request"
_WARNING: Final = "Warning: slimgate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An image that somebody deploys to a namespace, and what admission should say."""

    namespace: str
    image: str
    said: str
    of_hub: bool = False
    """A tag that nobody has asked for before: unknown, and so refused, while its hub is away."""


_OF_HUB: Final = Step(namespace="billing", image="", said=QUIET, of_hub=True)


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Deploys one thing after another and notes what kubectl was told."""

    scene: Scene
    hub: Hub
    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often kubectl was told what, by namespace."""
    surprises: list[str] = field(default_factory=list)
    _steps: Iterator[Step] = field(init=False)
    _number: int = 0

    def __post_init__(self) -> None:
        hello, nobody = self.scene.hello, f"{self.scene.kubectl.lab.registry}/nobody:pushed"
        self._steps = cycle(
            [
                Step(namespace=DEMO, image=f"{hello}:fat", said=DENIED),
                Step(namespace="shop", image=f"{hello}:soya", said=QUIET),
                _OF_HUB,
                Step(namespace=DEMO, image=f"{hello}:semi", said=WARNED),
                Step(namespace="shop", image=f"{hello}:fat", said=QUIET),
                Step(namespace=DEMO, image=nobody, said=WARNED),
                _OF_HUB,
                Step(namespace=DEMO, image=f"{hello}:soya", said=QUIET),
                Step(namespace="billing", image=nobody, said=DENIED),
                Step(namespace="shop", image=f"{hello}:semi", said=QUIET),
            ]
        )

    def step(self) -> None:
        """Create a Deployment without pods, as the next of them asks, and remove it again."""
        self._number += 1
        # Whoever is refused for want of a registry tries again.
        again = not self.hub.pid and self._number % 2 == 0
        step = _OF_HUB if again else next(self._steps)
        while step.of_hub and self.hub.returning:
            step = next(self._steps)
        name = f"passing-{self._number}"
        image, expected = step.image, step.said
        if step.of_hub:
            image = self.hub.new_tag("hello", "soya", f"v{self._number}")
            expected = QUIET if self.hub.pid else DENIED
        made = self._create(json.dumps(deployment(name, step.namespace, image)))
        said = _understood(made)
        self.said[step.namespace, said] += 1
        if said != expected:
            self.surprises.append(f"{step}: {made.stderr.strip()}")
        if made.returncode == 0:
            options = ("--wait=false", "--cascade=background")
            self.scene.kubectl("delete", "deployment", name, "-n", step.namespace, *options)

    def total(self, said: str) -> int:
        """Count how often kubectl was told something."""
        return sum(count for (_, one), count in self.said.items() if one == said)

    def _create(self, written: str) -> subprocess.CompletedProcess[str]:
        return self.scene.kubectl.attempt("create", "-f", "-", stdin=written)


def _understood(made: subprocess.CompletedProcess[str]) -> str:
    if _REFUSAL in made.stderr:
        return DENIED
    return WARNED if _WARNING in made.stderr else QUIET
