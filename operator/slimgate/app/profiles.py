"""Takes the facts that ImageProfiles keep into an inspector."""

from slimgate.app.cluster import Core
from slimgate.cluster.profiles import ProfileStore
from slimgate.cluster.resources import IMAGE_PROFILES
from slimgate.core.assemble import coverage
from slimgate.core.image import ImageFacts


def follow_profiles(core: Core) -> ProfileStore:
    """Mirror ImageProfiles: what one replica or an earlier run found, none looks up again."""

    def learn(facts: ImageFacts) -> None:
        core.inspector.reader.remember(facts, coverage(facts))

    store = ProfileStore(core.api, learn=learn)
    core.follow("imageprofiles", IMAGE_PROFILES.all(), store.sink)
    return store
