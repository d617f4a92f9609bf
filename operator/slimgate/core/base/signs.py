"""What distributions without labels of their own sign: packages, keys, recipes, environments.

A package's version carries the distribution's tag, the key that a RUN imports from /etc/pki lies
there because the distribution ships it, and who is named before the root was added made the root.
"""

import re
from typing import Final

from slimgate.core.base.sizes import LayerSize, debian_tier, is_alpine, is_ubuntu
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_SIGNS: Final = (
    ("amazonlinux", re.compile(r"\.amzn(?:2|2023)\b|file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-amazon")),
    ("fedora", re.compile(r"\S\.fc\d\d\b|file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-fedora")),
    ("azurelinux", re.compile(r"\S\.azl3\b")),
    ("mariner", re.compile(r"\S\.cm[12]\b")),
    ("rocky", re.compile(r"file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-[Rr]ocky")),
    ("almalinux", re.compile(r"file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-AlmaLinux")),
    ("clearlinux", re.compile(r"/usr/share/defaults/etc/(?:passwd|group|shadow)\b")),
)  # fmt: skip
_APT_SIGNS: Final = (
    ("debian", re.compile(
        r"[\d+~](?:deb\d{1,2}u\d|(?:jessie|stretch|buster|bullseye|bookworm|trixie)\b)"
        r"|/debian/? (?:jessie|stretch|buster|bullseye|bookworm|trixie)\b|\bpgdg1\d0\+\d"
    )),
    ("ubuntu", re.compile(
        r"\dubuntu\d|\bppa:[\w-]+/|~(?:xenial|bionic|focal|jammy|noble)\b"
        r"|/ubuntu/? (?:xenial|bionic|focal|jammy|noble)\b|\b(?:archive|ports)\.ubuntu\.com\b"
        r"|\bpgdg2\d\.04\+\d|\+maria~ubu\d{4}\b"
    )),
)  # fmt: skip
_APK_SIGNS: Final = (
    ("alpine", re.compile(r"\balpine-(?:release|baselayout|keys)\b|\balpinelinux\.org/alpine\b")),
)
_COPIED_ALPINE: Final = (1.8, 12), (3.8, 30)
_AMAZON: Final = ((52.5, 57), (140, 200)), ((61, 66.5), (150, 230))
"""MB of Amazon Linux 2023 and 2, which alone of those of RPM packages come by `COPY /rootfs/ /`."""
_MAINTAINERS: Final = (
    ("oraclelinux", re.compile(r"Oracle Linux Product Team")),
    ("fedora", re.compile(r"@fedoraproject\.org\b|\bpatrick@puiterwijk\.org\b")),
    ("alt", re.compile(r"@altlinux\.org\b")),
    ("alpine", re.compile(r"@alpinelinux\.org\b")),
    ("centos", re.compile(r"@centos\.org\b|github\.com/CentOS/")),
    ("suse", re.compile(r"@(?:open)?suse\.(?:org|com|de)\b")),
    ("mageia", re.compile(r"@mageia\.org\b")),
)
_SYSTEM: Final = (20, 250), (60, 600)
_RELEASE: Final = re.compile(r"f(\d{2})container")
_FLAVOUR: Final = re.compile(r"(debian|ubuntu|photon)-[\d.]+")
_LICENCE: Final = "EULA-Container.txt"
_AZURE_AND_MARINER: Final = "2024-03", "2025-08"
WHOLE: Final = (62, 130), (165, 450)
"""MB to pull and unpacked of whole systems of RPM packages; their minimal variants are smaller."""


def maintained(traces: Traces) -> Clue | None:
    """Believe who is named as maintainer before the root was added: that is the root's."""
    before = traces.steps[: traces.root or 0]
    texts = [s.text for s in before if s.kind == "MAINTAINER" or "maintainer=" in s.text.lower()]
    found = (name for name, sign in _MAINTAINERS if any(map(sign.search, texts)))
    family, size = next(found, None), traces.root_size
    if family == "oraclelinux":
        return Clue(family=family, tier=_oracle_tier(size))
    if family == "alpine":
        return Clue(family=family, tier=Tier.MINIMAL) if is_alpine(size) else None
    if family is None or size.within(*_SYSTEM) is False:
        return None
    return Clue(family=family, tier=Tier.FULL if size.within(*WHOLE) else None)


def _oracle_tier(size: LayerSize) -> Tier | None:
    if size.within((25, 55), (75, 150)):
        return Tier.SLIM
    return Tier.FULL if size.within((65, 250), (180, 500)) else None


def azure(traces: Traces) -> Clue | None:
    """Recognise Azure Linux by the licence that its recipe adds to an imported root.

    Mariner, which came before, had the same recipe: in the years of both, neither is told.
    """
    licence = any(step.paths()[0] == (_LICENCE,) for step in traces.layer_steps[1:2])
    if traces.root_step.comment != "Imported from -" or not licence:
        return None
    created = traces.config.history[traces.root or 0].created or ""
    began, ended = _AZURE_AND_MARINER
    family = "azurelinux" if created >= ended else "mariner" if "2020" <= created < began else None
    return Clue(family=family) if family else None


def declared(traces: Traces) -> Clue | None:
    """Read what Fedora's and Bitnami's recipes set in the environment, which children inherit."""
    size = traces.root_size
    if release := _RELEASE.fullmatch(traces.env.get("DISTTAG", "")):
        tier = Tier.FULL if size.within(*WHOLE) else None
        return Clue(name=f"fedora:{release[1]}", family="fedora", tier=tier)
    flavour = _FLAVOUR.fullmatch(traces.env.get("OS_FLAVOUR", ""))
    if flavour is None or traces.env.get("OS_NAME") != "linux":
        return None
    if flavour[1] == "photon":
        return Clue(family="photon", tier=Tier.MINIMAL)
    is_debian = flavour[1] == "debian"
    tier = debian_tier(size, traces.config.platform.architecture) if is_debian else None
    return Clue(family=flavour[1], tier=tier)


def signed(traces: Traces) -> Clue | None:
    """Read a family off the packages that are installed by their full release."""
    if not traces.steps and (family := _named_ubuntu(traces) or apt_family(traces)):
        return _of_apt(family, traces)
    family = _signed_by(traces, _SIGNS)
    # Amazon's minimal variant has less than 40 MB to pull; the others' do not tell by size.
    full = family == "amazonlinux" and traces.root_size.within((48, 110), (130, 300))
    full = full or (family == "clearlinux" and traces.root_size.within(*WHOLE))
    return Clue(family=family, tier=Tier.FULL if full else None) if family else None


def _named_ubuntu(traces: Traces) -> str | None:
    named = traces.labels.get("org.opencontainers.image.ref.name") == "ubuntu"
    return "ubuntu" if named else None


def _of_apt(family: str, traces: Traces) -> Clue:
    """Tell the variant of debian or ubuntu by the size of the root."""
    size = traces.root_size
    if family == "ubuntu":
        return Clue(family=family, tier=Tier.FULL if is_ubuntu(size) else None)
    return Clue(family=family, tier=debian_tier(size, traces.config.platform.architecture))


def apt_family(traces: Traces) -> str | None:
    """Tell debian from ubuntu by the tags of packages and the names of their archives."""
    return _signed_by(traces, _APT_SIGNS)


def copied(traces: Traces, managers: frozenset[str]) -> Clue | None:
    """Tell a root that was put together in an earlier stage, by its package manager's archives."""
    step, size = traces.root_step, traces.root_size
    if step.kind != "COPY" or step.paths()[1] != "/":
        return None
    amazon = step.paths()[0] == ("/rootfs/",) and traces.base_command == '["/bin/bash"]'
    if managers == {"rpm"} and amazon and any(size.within(*band) for band in _AMAZON):
        return Clue(family="amazonlinux", tier=Tier.FULL)
    if managers == {"apk"} and size.within(*_COPIED_ALPINE):
        family = _signed_by(traces, _APK_SIGNS)
        return Clue(family=family, tier=Tier.MINIMAL) if family else None
    family = apt_family(traces) if managers == {"apt"} else None
    if family == "debian" or (family == "ubuntu" and is_ubuntu(size)):
        return _of_apt(family, traces)
    return None


def _signed_by(traces: Traces, signs: tuple[tuple[str, re.Pattern[str]], ...]) -> str | None:
    told = [step.text for step in traces.steps if step.kind in {"RUN", "ENV"}]
    texts = [*told, *(f"{name}={value}" for name, value in traces.env.items())]
    found = [name for name, sign in signs if any(sign.search(text) for text in texts)]
    return found[0] if len(found) == 1 else None
