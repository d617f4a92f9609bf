"""What builders and distributions leave in a config, and what is inferred from it.

Made by hand from how each builder behaves; none of them is a copy of a published image. A row is
right or honestly unknown: the second half are look-alikes that must not be taken for what they
imitate.
"""

from dataclasses import dataclass, field

import pytest

from slimgate.core.base import find_base
from slimgate.core.images.facts import Base, Platform
from slimgate.core.images.oci import ImageConfig
from tests.core.base.make import MB, config

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CERTS = "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
ADD = "/bin/sh -c #(nop) ADD file:0a1b2c3d in / "
BASH = '~/bin/sh -c #(nop)  CMD ["bash"]'
BIN_BASH = '~/bin/sh -c #(nop)  CMD ["/bin/bash"]'
BIN_SH = '~/bin/sh -c #(nop)  CMD ["/bin/sh"]'
SH = '~/bin/sh -c #(nop)  CMD ["sh"]'
BOOKWORM = "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'  ## debuerreotype 0.17"
ALPINE = "ADD alpine-minirootfs-3.22.1-x86_64.tar.gz / # buildkit"
APP = "COPY /out/app /app # buildkit"
UBUNTU = (
    "~/bin/sh -c #(nop)  ARG RELEASE",
    "~/bin/sh -c #(nop)  ARG LAUNCHPAD_BUILD_ARCH",
    "~/bin/sh -c #(nop)  LABEL org.opencontainers.image.version=24.04",
    ADD,
    BIN_BASH,
)
STATIC = (
    "bazel build @bookworm//base-files/amd64:data_statusd",
    "bazel build @bookworm//tzdata/amd64:data_statusd",
    "bazel build //common:os_release_debian12",
    "bazel build //static:nsswitch",
)
UBI = {"vendor": "Red Hat, Inc.", "com.redhat.component": "ubi9-micro-container"}
SLIM_DEPS = (
    'RUN /bin/sh -c set -eux; \tsavedAptMark="$(apt-mark showmanual)"; \tapt-get update; \t'
    "apt-get install -y --no-install-recommends \t\tdpkg-dev \t\tgcc \t\tlibssl-dev \t\tmake \t; "
    "\tmake; \tapt-mark auto '.*' > /dev/null; \tapt-mark manual $savedAptMark; \tapt-get purge "
    "-y --auto-remove -o APT::AutoRemove::RecommendsImportant=false # buildkit"
)
ALPINE_DEPS = (
    "RUN /bin/sh -c apk add --no-cache --virtual .build-deps-full binutils-gold g++ gcc make "
    "python3 && make install && apk del .build-deps-full # buildkit"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A config and its layers' compressed and unpacked MB; then what is to be inferred."""

    id: str
    config: ImageConfig
    name: str | None = None
    family: str | None = None
    tier: str | None = None
    mb: tuple[float, ...] = ()
    unpacked_mb: tuple[float, ...] = field(default=())


KNOWN_BY_CAUSE = [
    Case(
        id="multi-stage-on-distroless",
        config=config(*STATIC, APP, env=(PATH, CERTS), user="65532"),
        name="distroless/static-debian12", family="distroless", tier="Distroless",
    ),
    Case(
        id="distroless-java",
        config=config(
            *STATIC, "bazel build @bookworm//libc6/amd64:data_statusd",
            "bazel build @bookworm_java//openjdk-17-jre-headless/amd64:data_statusd",
            "COPY app.jar /app.jar # buildkit", env=(PATH, CERTS),
        ),
        name="distroless/java-debian12", family="distroless", tier="Distroless",
    ),
    Case(
        id="distroless-debug-has-a-shell",
        config=config(*STATIC, APP, env=(f"{PATH}:/busybox", CERTS)),
        name="distroless/static-debian12", family="distroless", tier="Minimal",
    ),
    Case(
        id="podman-on-alpine",
        config=config(
            ADD, BIN_SH,
            "/bin/sh -c apk add --no-cache curl  ## FROM docker.io/library/alpine:3.20",
            "/bin/sh -c #(nop) COPY file:aa55 in /app",
        ),
        mb=(3.6, 2, 9), family="alpine", tier="Minimal",
    ),
    Case(
        id="kaniko-on-alpine",
        config=config(ALPINE, '~CMD ["/bin/sh"]', "RUN apk add --no-cache git", "COPY app /app"),
        mb=(3.8, 8, 9), name="alpine:3.22.1", family="alpine", tier="Minimal",
    ),
    Case(
        id="jib-3-on-temurin",
        config=config(*UBUNTU, "jib-maven-plugin:3.4.0  ## dependencies", env=("JAVA_VERSION=x",)),
        mb=(29.7, 16), name="ubuntu:24.04", family="ubuntu", tier="Full",
    ),
    Case(
        id="jib-1-on-its-default-base",
        config=config(
            "bazel build ...", "bazel build ...", "jib-gradle-plugin:1.8.0  ## classes"
        ),
        family="distroless", tier="Distroless",
    ),
    Case(
        id="ko-on-wolfi-static",
        config=config(
            "apko  ## static by Chainguard",
            "ko build ko://example.com/x  ## kodata contents, at $KO_DATA_PATH",
            env=(PATH, CERTS), entrypoint=("/ko-app/x",),
        ),
        name="chainguard/static", family="wolfi", tier="Distroless",
    ),
    Case(
        id="ko-on-scratch",
        config=config(
            "ko build ko://example.com/x  ## kodata contents, at $KO_DATA_PATH",
            "ko build ko://example.com/x  ## go build output, at /ko-app/x",
            entrypoint=("/ko-app/x",),
        ),
        name="scratch", family="scratch", tier="Scratch",
    ),
    Case(
        id="wolfi-base-has-a-shell",
        config=config(
            "apko  ## wolfi-base by Chainguard", APP,
            labels={"dev.chainguard.image.title": "wolfi-base"}, entrypoint=("/app",),
        ),
        name="chainguard/wolfi-base", family="wolfi", tier="Minimal",
    ),
    Case(
        id="run-on-apko-shows-a-shell",
        config=config("apko  ## This is an apko image", "RUN adduser -S app", entrypoint=("/a",)),
        tier="Minimal",
    ),
    Case(
        id="chainguard-go-is-a-builder",
        config=config(
            "apko  ## go by Chainguard",
            labels={
                "dev.chainguard.image.title": "go",
                "org.opencontainers.image.vendor": "Chainguard",
            },
            entrypoint=("/usr/bin/go",),
        ),
        name="chainguard/go", family="wolfi", tier="Builder",
    ),
    Case(
        id="nix-without-a-shell",
        config=config("  ## store paths: ['/nix/store/abc-glibc-2.40', '/nix/store/de-hello-2']"),
        family="nix", tier="Distroless",
    ),
    Case(
        id="nix-with-bash",
        config=config("  ## store paths: ['/nix/store/abc-bash-5.2', '/nix/store/de-hello-2']"),
        family="nix", tier="Minimal",
    ),
    Case(
        id="paketo-tiny",
        config=config(
            "", "  ## Buildpacks Launcher Config",
            labels={
                "io.buildpacks.stack.id": "io.buildpacks.stacks.jammy.tiny",
                "io.buildpacks.base.distro.name": "Ubuntu",
            },
        ),
        family="ubuntu", tier="Distroless",
    ),
    Case(
        id="paketo-base",
        config=config(
            "", "Application Layer",
            labels={
                "io.buildpacks.stack.id": "io.buildpacks.stacks.jammy",
                "io.buildpacks.base.distro.name": "ubuntu",
            },
        ),
        family="ubuntu", tier="Full",
    ),
    Case(
        id="ubi-micro",
        config=config(
            '/bin/sh -c #(nop) LABEL name="ubi9/ubi-micro" vendor="Red Hat, Inc." '
            'com.redhat.component="ubi9-micro-container"',
            APP, labels=UBI,
        ),
        name="ubi9/ubi-micro", family="ubi", tier="Minimal",
    ),
    Case(
        id="ubi-minimal-imported",
        config=config(
            "  ## Imported from -", "",
            "RUN /bin/sh -c microdnf install -y java-17-openjdk-headless # buildkit",
            labels={"vendor": "Red Hat, Inc.", "com.redhat.component": "ubi9-minimal-container"},
        ),
        name="ubi9/ubi-minimal", family="ubi", tier="Minimal",
    ),
    Case(
        id="ubi-child-renames-itself",
        config=config(
            "  ## Imported from -",
            "/bin/sh -c #(nop) LABEL name=shop",
            APP, labels={**UBI, "com.redhat.component": "ubi8-container", "name": "shop"},
        ),
        name="ubi8/ubi", family="ubi", tier="Full",
    ),
    Case(
        id="amazonlinux-by-dist-tag",
        config=config(
            "COPY /rootfs/ / # buildkit", '~CMD ["/bin/bash"]',
            "RUN /bin/sh -c dnf install -y nginx-1.26.3-1.amzn2023.0.1 # buildkit",
        ),
        mb=(54, 9), family="amazonlinux", tier="Full",
    ),
    Case(
        id="azurelinux-by-dist-tag",
        config=config(ADD, BIN_BASH, "/bin/sh -c tdnf install -y icu-72.1.0.3-1.azl3"),
        family="azurelinux",
    ),
    Case(
        id="debian-by-debuerreotype",
        config=config(BOOKWORM, APP), mb=(48.5, 9),
        name="debian:bookworm", family="debian", tier="Full",
    ),
    Case(
        id="debian-slim-arm64",
        config=config(BOOKWORM, APP, platform=Platform("linux", "arm64", "v8")),
        mb=(28.1, 9), unpacked_mb=(101, 20),
        name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="debian-without-sizes",
        config=config(BOOKWORM, APP), family="debian",
    ),
    Case(
        id="nginx-on-debian-slim",
        config=config(
            BOOKWORM, "~ENV NGINX_VERSION=1.29.1",
            "RUN /bin/sh -c apt-get update && apt-get install -y nginx=${NGINX_VERSION} # buildkit",
        ),
        mb=(28.2, 40), name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="python-slim-purges-its-compiler",
        config=config(BOOKWORM, SLIM_DEPS), mb=(28.2, 14),
        name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="rust-slim-keeps-its-compiler",
        config=config(
            BOOKWORM,
            "RUN /bin/sh -c apt-get install -y --no-install-recommends gcc libc6-dev # buildkit",
            env=("RUSTUP_HOME=/usr/local/rustup", "CARGO_HOME=/usr/local/cargo"),
        ),
        mb=(28.2, 250), name="debian:bookworm-slim", family="debian", tier="Builder",
    ),
    Case(
        id="php-keeps-phpize-deps",
        config=config(
            BOOKWORM, "~ENV PHPIZE_DEPS=autoconf g++ gcc make",
            "RUN /bin/sh -c apt-get install -y $PHPIZE_DEPS curl # buildkit",
            env=("PHPIZE_DEPS=autoconf \t\tdpkg-dev \t\tg++ \t\tgcc \t\tmake",),
        ),
        mb=(28.2, 100), name="debian:bookworm-slim", family="debian", tier="Builder",
    ),
    Case(
        id="php-alpine-deletes-phpize-deps",
        config=config(
            ALPINE,
            "RUN /bin/sh -c apk add --no-cache --virtual .build-deps $PHPIZE_DEPS && make "
            "&& apk del --no-network .build-deps # buildkit",
            env=("PHPIZE_DEPS=autoconf g++ gcc make",),
        ),
        mb=(3.8, 30), name="alpine:3.22.1", family="alpine", tier="Minimal",
    ),
    Case(
        id="node-alpine",
        config=config(ALPINE, ALPINE_DEPS, env=("NODE_VERSION=22.1.0",)),
        mb=(3.8, 40), name="alpine:3.22.1", family="alpine", tier="Minimal",
    ),
    Case(
        id="dotnet-sdk",
        config=config(
            BOOKWORM, "COPY /dotnet /usr/share/dotnet # buildkit",
            env=("DOTNET_SDK_VERSION=9.0.304", "DOTNET_VERSION=9.0.8"),
        ),
        mb=(28.2, 30), name="debian:bookworm-slim", family="debian", tier="Builder",
    ),
    Case(
        id="aspnet-is-no-sdk",
        config=config(
            BOOKWORM, "COPY /dotnet /usr/share/dotnet # buildkit",
            env=("ASPNET_VERSION=9.0.8", "DOTNET_VERSION=9.0.8"),
        ),
        mb=(28.2, 30), name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="gradle-on-temurin",
        config=config(
            *UBUNTU, env=("GRADLE_HOME=/opt/gradle", "GRADLE_VERSION=8.14", "JAVA_HOME=/opt/java")
        ),
        mb=(29.7,), name="ubuntu:24.04", family="ubuntu", tier="Builder",
    ),
    Case(
        id="jdk-alone-is-no-builder",
        config=config(
            *UBUNTU, "RUN /bin/sh -c apt-get install -y openjdk-21-jdk-headless # buildkit"
        ),
        mb=(29.7, 180), name="ubuntu:24.04", family="ubuntu", tier="Full",
    ),
    Case(
        id="almalinux-kitten",
        config=config("ADD almalinux-10-kitten-default-amd64.tar.xz / # buildkit", '~CMD ["sh"]'),
        mb=(69.2,), name="almalinux:10-kitten", family="almalinux", tier="Full",
    ),
    Case(
        id="almalinux-minimal-keeps-its-variant",
        config=config("ADD almalinux-9-minimal-amd64.tar.xz / # buildkit"),
        mb=(35,), name="almalinux:9-minimal", family="almalinux", tier="Minimal",
    ),
    Case(
        id="oracle-slim-keeps-its-variant",
        config=config("ADD oraclelinux-9-slim-amd64-rootfs.tar.xz / # buildkit"),
        mb=(45,), name="oraclelinux:9-slim", family="oraclelinux", tier="Slim",
    ),
    Case(
        id="archlinux-whose-child-has-a-title",
        config=config(
            "~LABEL org.opencontainers.image.title=Arch Linux base Image",
            "COPY /rootfs/ / # buildkit",
            "RUN /bin/sh -c ldconfig # buildkit", '~CMD ["/usr/bin/bash"]',
            "~LABEL org.opencontainers.image.title=shop",
            "RUN /bin/sh -c pacman -Syu --noconfirm nginx # buildkit",
            labels={"org.opencontainers.image.title": "shop"},
        ),
        mb=(133, 0.1, 9), name="archlinux", family="archlinux", tier="Full",
    ),
    Case(
        id="archlinux-with-its-compilers",
        config=config(
            "~LABEL org.opencontainers.image.title=Arch Linux base-devel Image",
            "COPY /rootfs/ / # buildkit",
        ),
        mb=(280,), name="archlinux:base-devel", family="archlinux", tier="Builder",
    ),
    Case(
        id="cirros",
        config=config(
            ADD, "/bin/sh -c rm /etc/rc3.d/S40-network",
            "/bin/sh -c sed -i '/is_lxc && lxc_netdown/d' /etc/init.d/rc.sysinit",
            '~/bin/sh -c #(nop)  CMD ["/sbin/init"]',
        ),
        mb=(7.4, 0.1, 0.1), name="cirros", family="cirros", tier="Minimal",
    ),
    Case(
        id="alpine-without-a-command",
        config=config(ADD, "/bin/sh -c apk add --no-cache curl"),
        mb=(3.1, 2), family="alpine", tier="Minimal",
    ),
    Case(
        id="some-whole-system-of-rpm",
        config=config(ADD, BIN_BASH, "/bin/sh -c yum install -y nginx"), mb=(72, 30), tier="Full",
    ),
    Case(
        id="nginx-on-debian-slim-builds-elsewhere",
        config=config(
            BOOKWORM,
            'RUN /bin/sh -c set -x && case "$a" in amd64) echo x >> /etc/apt/sources.list ;; '
            "*) apt-get build-dep -y $p && apt-mark showmanual | xargs apt-mark auto > /dev/null "
            '&& { [ -z "$savedAptMark" ] || apt-mark manual $savedAptMark; } ;; esac '
            "&& apt-get install -y $p && apt-get remove --purge --auto-remove -y "
            '&& if [ -n "$t" ]; then apt-get purge -y --auto-remove; fi # buildkit',
        ),
        mb=(28.2, 40), name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="windows-servercore",
        config=config(
            "Apply image 10.0.20348.2700", "Install update 10.0.20348.2849",
            platform=Platform("windows", "amd64"),
        ),
        mb=(1530, 700), family="windows", tier="Full",
    ),
    Case(
        id="windows-nanoserver",
        config=config("Apply image 10.0.26100.1", platform=Platform("windows", "amd64")),
        mb=(193,), name="windows/nanoserver", family="windows", tier="Minimal",
    ),
    Case(
        id="lab-golang-import-by-its-environment",
        config=config(
            "ADD rootfs.tar / # buildkit",
            env=("PATH=/usr/local/go/bin:/usr/bin:/bin", "GOLANG_VERSION=1.26.1"),
        ),
        mb=(120,), tier="Builder",
    ),
    Case(
        id="static-binary-on-scratch",
        config=config(
            "COPY /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ # buildkit", APP,
            '~ENTRYPOINT ["/app"]',
        ),
        mb=(0.2, 3.9), name="scratch", family="scratch", tier="Scratch",
    ),
    Case(
        id="nothing-but-settings",
        config=config("~LABEL a=b"), name="scratch", family="scratch", tier="Scratch",
    ),
]  # fmt: skip

LOOK_ALIKES = [
    Case(id="imported-rootfs", config=config("  ## Imported from -"), mb=(60,)),
    Case(
        id="lab-debian-import-without-a-trace",
        config=config("ADD rootfs.tar / # buildkit", '~CMD ["/bin/sh"]', env=(PATH,)),
        mb=(45,),
    ),
    Case(
        id="squashed",
        config=config("~/bin/sh -c apk add curl", "  ## merge sha256:aa to sha256:bb"), mb=(30,),
    ),
    Case(id="committed-container", config=config("", "bash"), mb=(30, 2)),
    Case(id="whole-root-copied", config=config("COPY / / # buildkit", APP), mb=(30, 3)),
    Case(id="chiselled-rootfs-copied", config=config("COPY /rootfs / # buildkit", APP), mb=(4, 9)),
    Case(
        id="history-shorter-than-the-layers",
        config=config(APP, layers=5), mb=(2, 3, 4, 5, 6),
    ),
    Case(
        id="shell-copied-onto-scratch",
        config=config("COPY /bin/busybox /bin/sh # buildkit", APP), mb=(1, 3),
    ),
    Case(
        id="run-on-a-copied-system",
        config=config("COPY /sys /sysroot # buildkit", "RUN /bin/sh -c ls # buildkit"), mb=(40, 1),
    ),
    Case(id="bazel-on-scratch", config=config("bazel build ..."), mb=(8,)),
    Case(
        id="file-named-alpine",
        config=config(
            "ADD rootfs.tar / # buildkit",
            "COPY alpine-minirootfs-3.22.1-x86_64.tar.gz / # buildkit",
            "RUN /bin/sh -c echo 'ADD alpine-minirootfs-3.22.1-x86_64.tar.gz / # buildkit'",
        ),
        mb=(45, 4, 1),
    ),
    Case(
        id="alpine-tarball-of-another-size",
        config=config(ALPINE, APP), mb=(48, 9),
    ),
    Case(
        id="fat-debian-labelled-distroless",
        config=config(
            BOOKWORM, "~LABEL name=distroless",
            labels={"name": "gcr.io/distroless/static", "io.buildpacks.stack.id": "tiny"},
        ),
        mb=(48.5,), name="debian:bookworm", family="debian", tier="Full",
    ),
    Case(
        id="fat-debian-labelled-ubi-micro",
        config=config(ADD, BASH, "~LABEL x=y", labels=UBI),
        mb=(49,), family="debian", tier="Full",
    ),
    Case(
        id="label-that-the-package-manager-disproves",
        config=config("  ## Imported from -", "RUN /bin/sh -c apt-get update # buildkit",
                      labels=UBI),
        mb=(49, 1),
    ),
    Case(
        id="golang-faked-on-scratch",
        config=config("~ENV GOLANG_VERSION=1.26.1", APP,
                      env=("GOLANG_VERSION=1.26.1", "GOPATH=/go")),
        mb=(4,), name="scratch", family="scratch", tier="Scratch",
    ),
    Case(
        id="one-variable-is-no-toolchain",
        config=config(BOOKWORM, APP, env=("GOLANG_VERSION=1.26.1",)),
        mb=(28.2, 4), name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="busybox-line-names-debian",
        config=config("BusyBox 1.37.0 (glibc), Debian 13", APP), mb=(2.2, 4),
        name="busybox:1.37.0", family="busybox", tier="Minimal",
    ),
    Case(
        id="apko-that-is-not-wolfi",
        config=config("apko  ## Title by Vendor", entrypoint=("/usr/bin/git",)), tier="Distroless",
    ),
    Case(
        id="apko-default-entrypoint",
        config=config("apko  ## Title by Vendor", entrypoint=("/bin/sh", "-l")),
    ),
    Case(
        id="compiler-only-spoken-of",
        config=config(BOOKWORM, 'RUN /bin/sh -c echo "apt-get install gcc" && true # buildkit'),
        mb=(28.2, 1), name="debian:bookworm-slim", family="debian", tier="Slim",
    ),
    Case(
        id="debian-size-between-slim-and-full",
        config=config(BOOKWORM), mb=(38,), family="debian",
    ),
    Case(
        id="classic-rootfs-with-an-unusual-size",
        config=config(ADD, SH), mb=(60,),
    ),
    Case(
        id="windows-of-unknown-size",
        config=config("Apply image 10.0", "COPY a b # buildkit",
                      platform=Platform("windows", "amd64")),
        family="windows",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", [*KNOWN_BY_CAUSE, *LOOK_ALIKES], ids=lambda case: case.id)
def test_builders_and_distributions_are_known_by_what_they_write(case: Case) -> None:
    """In every image on it; where the evidence is thin or contradicts itself nothing is said."""
    base = _find(case)

    assert (case.name, case.family, case.tier) == _short(base)


def _find(case: Case) -> Base:
    return find_base(
        case.config,
        annotations={},
        layer_sizes=tuple(int(size * MB) for size in case.mb),
        unpacked_sizes=tuple(int(size * MB) for size in case.unpacked_mb),
    )


def _short(base: Base) -> tuple[str | None, str | None, str | None]:
    return base.name, base.family, None if base.tier is None else base.tier.label
