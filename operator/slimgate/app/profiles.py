"""Follows ImageProfiles, so that facts of an earlier run are not looked up again."""

from slimgate.app.cluster import Core
from slimgate.cluster.profiles import ProfileStore
from slimgate.cluster.resources import IMAGE_PROFILES
from slimgate.core.assemble import coverage
from slimgate.core.images.facts import ImageFacts


def follow_profiles(core: Core) -> ProfileStore | None:
    """Mirror ImageProfiles: what one replica or an earlier run found, none looks up again.

    None where they are switched off: then nothing is read or written, and no right is needed.
    """
    if not core.settings.image_profiles:
        return None

    def learn(facts: ImageFacts) -> None:
        core.inspector.reader.remember(facts, coverage(facts))

    store = ProfileStore(core.api, learn=learn)
    core.follow("imageprofiles", IMAGE_PROFILES.all(), store.sink)
    return store
