"""Which base an image has, and what was left in it: pure rules over its config and layers.

Proof comes from comparing layers (known, scratch), claims from the image's own words (claims),
inference from what builders and distributions write and why (rootfs, labels, composed,
buildpacks, windows, listed). There are no lists of images here.
"""

from slimgate.core.base.claims import Claim, claims_of
from slimgate.core.base.find import find_base
from slimgate.core.base.known import KnownBase, with_known
from slimgate.core.base.toolchains import find_toolchains

__all__ = ["Claim", "KnownBase", "claims_of", "find_base", "find_toolchains", "with_known"]
