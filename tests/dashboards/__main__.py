"""`make pictures`: draw docs/images/dashboard-*.png of a lab in which teams deploy for minutes."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.dashboards.answers import PAGES, Span, ask
from tests.dashboards.pictures import draw
from tests.dashboards.play import prepare
from tests.dashboards.scene import Scene
from tests.lab.errors import LabError
from tests.lab.kubectl import Kubectl
from tests.lab.layout import default_layout
from tests.lab.progress import say, step
from tests.lab.state import load

FOLDER: Final = Path("docs/images")
_SECONDS: Final = 420.0


def main() -> int:
    """Run the demo on the lab, let teams deploy beside it, ask, and draw."""
    environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    subprocess.run([sys.executable, "-m", "examples.demo"], env=environment, check=True)
    layout = default_layout()
    scene = Scene(kubectl=Kubectl(load(layout.lab_json)))
    with step("setting the scene and starting Prometheus"):
        play = prepare(layout, scene)
    try:
        with step(f"letting teams deploy for {_SECONDS / 60:.0f} minutes"):
            play.act(_SECONDS)
        end = time.time()
        for uid, page in PAGES.items():
            target = FOLDER / f"dashboard-{uid.removeprefix('slimgate-')}.png"
            answered = list(ask(page, play.prometheus, Span(start=play.began, end=end)))
            draw(page, answered, target)
            say(f"drew {target}")
    finally:
        play.hub.stop()
        scene.remove()
    say("the lab and the demo stay: make lab-down ends them")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"pictures: {error}")
