"""Which namespaces are over the budgets of the policies that apply in them."""

from collections.abc import Callable, Iterator, Mapping

from slimgate.core.policies.budget import OverBudget, OverBudgets, over_budget, told_of
from slimgate.core.policies.policy import Mode
from slimgate.core.wording.render import budget_warning
from slimgate.engine.catalog import Catalog
from slimgate.engine.objects import OwnKind


class Budgets:
    """The controller judges by what is on nodes; the webhook reads what it found in statuses."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def over(self, sizes: Callable[[], Mapping[str, int]]) -> OverBudgets:
        """Compare each budget with what namespaces' images unpack to, which is asked for once."""
        # A copy, since this may be another thread than that which hears of changes.
        policies = [one for one in [*self._catalog.policies.values()] if one.budget is not None]
        there = sizes() if policies else {}
        return {
            policy.name: over_budget(
                policy.budget,
                {n: size for n, size in there.items() if self._catalog.speaks_in(policy, n)},
            )
            for policy in policies
            if policy.budget is not None
        }

    def warnings(self, namespace: str) -> Iterator[str]:
        """Warn whoever brings an image to a namespace of the tightest budget that it is over."""
        found: list[tuple[str, OverBudget]] = []
        for policy in self._catalog.policies.values():
            if policy.budget is None or policy.mode is Mode.AUDIT:
                continue
            resource = self._catalog.objects.get((OwnKind.POLICY, "", policy.name), {})
            size = told_of(resource, namespace)
            # The budget may have been raised since, or the policy no longer apply.
            if size is None or size <= policy.budget:
                continue
            if self._catalog.speaks_in(policy, namespace):
                over = OverBudget(namespace=namespace, size=size, budget=policy.budget)
                found.append((policy.name, over))
        if found:
            name, over = min(found, key=lambda pair: (pair[1].budget, pair[0]))
            yield budget_warning(name, over)
