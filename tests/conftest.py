"""What all tests share: how many examples property tests try, and which.

By default few, and the same in every run; `--hypothesis-profile=fuzz` tries many new ones.
"""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=100, derandomize=True, deadline=None)
settings.register_profile(
    "fuzz", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "20000")), deadline=None
)
settings.load_profile("quick")
