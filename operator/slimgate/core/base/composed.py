"""Images that a builder composes from packages, without a Dockerfile: bazel, apko, nix, ko, jib."""

import re
from typing import Final

from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_DISTROLESS: Final = re.compile(
    r"bazel build (?:@(?P<repo>[\w.~+-]+)//(?P<package>[\w.+~/-]*):data\w*"
    r"|//(?P<own>common|static|base|cc|java|nodejs|python3|experimental)[\w/]*:\w+)"
)
_OS_RELEASE: Final = re.compile(r"os_release_debian(\d+)")
_PLAIN_BAZEL: Final = "bazel build ..."
_CERTIFICATES: Final = "SSL_CERT_FILE"
_DEFAULTS_TO_DISTROLESS: Final = re.compile(
    r"ko publish |jib-(?:maven|gradle)-plugin:[012]\.|\w[\w ]* created by jib-"
)
_APKO: Final = "apko"
_TITLE: Final = "dev.chainguard.image.title"
_NEVER_WITH_SHELL: Final = frozenset({"chainguard/static", "chainguard/glibc-dynamic"})
_APKO_BEGAN: Final = "2021-03"
_WOLFI_BEGAN: Final = "2022-09"
_STORE: Final = re.compile(r"store paths: \[(?P<paths>[^\]]*)")
_NIX_SHELL: Final = re.compile(r"/nix/store/\w+-(?:bash|busybox|dash|zsh|toybox)(?:-|')")


def distroless(traces: Traces) -> Clue | None:
    """Distroless names each package in a layer of its own; before 2023 only `bazel build ...`."""
    text = traces.root_step.text
    if _DISTROLESS.match(text):
        return _packaged(traces)
    if text != _PLAIN_BAZEL:
        return None
    layers = [step.text for step in traces.layer_steps if step.text != _PLAIN_BAZEL]
    # rules_docker writes the same line for any image; only distroless sets this variable too,
    # and only distroless was the default base of ko and jib in those years.
    default = bool(layers) and all(_DEFAULTS_TO_DISTROLESS.match(text) for text in layers)
    if traces.env.get(_CERTIFICATES) == "/etc/ssl/certs/ca-certificates.crt" or default:
        return Clue(family="distroless", tier=_shellless(traces))
    return None


def _packaged(traces: Traces) -> Clue:
    found = [match for step in traces.layer_steps if (match := _DISTROLESS.match(step.text))]
    names = {f"{match['repo'] or ''}/{match['package'] or match['own'] or ''}" for match in found}
    words = " ".join(sorted(names))
    runtimes = (("nodejs", "nodejs"), ("java", "java"), ("openjdk", "java"), ("python3", "python3"))
    kind = next((name for word, name in runtimes if word in words), None)
    if kind is None:
        kind = "cc" if "libstdc" in words else "base" if "libc6" in words else "static"
    release = next((m[1] for s in traces.layer_steps if (m := _OS_RELEASE.search(s.text))), None)
    name = f"distroless/{kind}-debian{release}" if release else f"distroless/{kind}"
    tier = Tier.MINIMAL if "busybox" in words else _shellless(traces)
    return Clue(name=name, family="distroless", tier=tier)


def apko(traces: Traces) -> Clue | None:
    """Apko signs its layers; the packages are Wolfi's only where Chainguard says so."""
    # Dockerfile children inherit the labels, ko's the annotations.
    told = {**traces.annotations, **traces.labels}
    branded = told.get("org.opencontainers.image.vendor") == "Chainguard" and _TITLE in told
    root = traces.root_step
    signed = root.text == _APKO
    if not signed and not (branded and not traces.steps):
        return None
    branded = branded or root.comment.endswith(" by Chainguard")
    return Clue(
        name=_chainguard_name(traces) if branded else None,
        family="wolfi" if branded else "alpine" if _is_before_wolfi(traces) else None,
        tier=_apko_tier(traces, signed=signed),
    )


def _is_before_wolfi(traces: Traces) -> bool:
    """Whether it was made when apko knew no other packages than Alpine's."""
    created = traces.config.history[traces.root or 0].created or ""
    return _APKO_BEGAN <= created < _WOLFI_BEGAN


def _chainguard_name(traces: Traces) -> str | None:
    comment = traces.root_step.comment.removesuffix(" by Chainguard")
    title = traces.labels.get(_TITLE) or traces.annotations.get(_TITLE) or comment
    return f"chainguard/{title}" if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,60}", title) else None


def _apko_tier(traces: Traces, *, signed: bool) -> Tier | None:
    name = _chainguard_name(traces)
    if name == "chainguard/wolfi-base":
        return Tier.MINIMAL
    if name in _NEVER_WITH_SHELL:
        return _shellless(traces)
    command = (*traces.config.entrypoint, *traces.config.cmd)
    # `/bin/sh -l` is what apko writes where its recipe names no entrypoint, shell or not.
    if not command or command[0] in {"/bin/sh", "/bin/bash", "sh", "bash"}:
        return Tier.MINIMAL if traces.runs_shell else None
    if not signed and "sh" in command:
        return None
    return _shellless(traces)


def nix(traces: Traces) -> Clue | None:
    """Nix lists every store path of a layer in its comment."""
    comments = [step.comment for step in traces.layer_steps if _STORE.match(step.comment)]
    if not comments or len(comments) < len(traces.layer_steps) - 1:
        return None
    shell = any(_NIX_SHELL.search(comment) for comment in comments)
    return Clue(family="nix", tier=Tier.MINIMAL if shell else _shellless(traces))


def _shellless(traces: Traces) -> Tier:
    """Give the tier of a base meant to have no shell: a RUN or a debug variant shows one."""
    debug = "/busybox" in traces.env.get("PATH", "").split(":")
    return Tier.MINIMAL if debug or traces.runs_shell else Tier.DISTROLESS
