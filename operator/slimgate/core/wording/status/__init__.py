"""What there is to say of policies, exceptions and BaseImages in their status: pure functions."""

from slimgate.core.wording.status.base_images import BaseLookup, base_image_status
from slimgate.core.wording.status.condition import Condition, State, Status
from slimgate.core.wording.status.exceptions import Trial, Use, exception_status
from slimgate.core.wording.status.policies import BudgetLook, Dependency, policy_status
from slimgate.core.wording.status.tally import Counts, Excess, Excused, Tally, Touched

__all__ = [
    "BaseLookup",
    "BudgetLook",
    "Condition",
    "Counts",
    "Dependency",
    "Excess",
    "Excused",
    "State",
    "Status",
    "Tally",
    "Touched",
    "Trial",
    "Use",
    "base_image_status",
    "exception_status",
    "policy_status",
]
