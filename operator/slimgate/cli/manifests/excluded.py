"""Which files and folders of a folder the user does not mean."""

from collections.abc import Sequence

from slimgate.core.matching.globs import Globs


class Excluded:
    """Globs of names at any depth, or with a slash in them of paths below the folder."""

    def __init__(self, written: Sequence[str]) -> None:
        plain = [glob.removeprefix("./").strip("/") for glob in written]
        self._names = Globs(tuple(glob for glob in plain if "/" not in glob))
        self._paths = Globs(tuple(glob for glob in plain if "/" in glob))

    def holds(self, path: str) -> bool:
        """Whether a path below the folder is left out; what is below it goes with it."""
        return self._names.matches(path.rpartition("/")[2]) or self._paths.matches(path)
