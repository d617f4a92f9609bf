"""What the command line of `slimgate check` asks for, and what it must not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from slimgate.cli.check.flags import Flags
from slimgate.cli.manifests import STDIN, STDIN_NAME
from slimgate.cli.shared.forms import FailOn, Origin
from slimgate.cli.shared.platforms import platforms_of
from slimgate.core.errors import SettingsError

DEFAULT_FAIL_ON: Final = frozenset({FailOn.DENY})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """Everything that was asked; `files` are manifests, `targets` may be images too.

    `namespace` is that of objects that name none; None means the cluster's context's, or default.
    `exclude` are globs of what is left out of folders, `clusters` are the kubeconfig and the
    context that were named.
    """

    files: Sequence[str] = ()
    targets: Sequence[str] = ()
    policies: Sequence[str] = ()
    exceptions: Sequence[str] = ()
    flags: Flags = field(default_factory=Flags)
    cluster: bool = False
    clusters: Sequence[str] = ()
    exclude: Sequence[str] = ()
    namespace: str | None = None
    platforms: Sequence[str] = ()
    origin: Origin = Origin.REGISTRY
    maps: Sequence[str] = ()
    seconds: float = 300.0
    strict: bool = False
    fail_on: frozenset[FailOn] = DEFAULT_FAIL_ON
    require_all: bool = False
    stdin_name: str = STDIN_NAME

    @property
    def by_flags_alone(self) -> bool:
        """Whether no policy judges but that of the flags."""
        return not (self.policies or self.cluster)

    def check(self) -> None:
        """Raise SettingsError for what contradicts itself, before anything is read."""
        if not self.files and not self.targets:
            raise SettingsError(
                "name what to check: a manifest, a folder of manifests, - for standard input, "
                "or an image"
            )
        if self.by_flags_alone and not self.flags:
            raise SettingsError(
                "nothing to check against: give --policy FILE, --cluster, or limits such as "
                "--max-pull 100Mi"
            )
        if self.policies and self.cluster:
            raise SettingsError("--policy and --cluster can't be used together: choose one")
        if self.clusters and not self.cluster:
            raise SettingsError(
                "--kubeconfig and --context are for --cluster: add it, or drop them"
            )
        inputs = [*self.files, *self.targets, *self.policies, *self.exceptions]
        if inputs.count(STDIN) > 1:
            raise SettingsError("standard input can be read only once: name files for the rest")
        # These refuse what can't be used, before anything is read.
        platforms_of(self.platforms)
        if self.flags:
            self.flags.policy()
