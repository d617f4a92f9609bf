"""Which part of a cluster a command is about."""

from dataclasses import dataclass, field

from slimgate.cli.shared.ports import ClusterView
from slimgate.core.matching.selector import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageScope:
    """What -n, -A and -l say."""

    namespace: str | None = None
    everywhere: bool = False
    selector: Selector = field(default_factory=Selector)

    def namespace_in(self, view: ClusterView) -> str | None:
        """Tell the namespace that is meant, as kubectl would; None for all of them."""
        return None if self.everywhere else self.namespace or view.namespace


def scope_text(namespace: str | None) -> str:
    """Write where things were looked for."""
    return "all namespaces" if namespace is None else f"namespace {namespace}"
