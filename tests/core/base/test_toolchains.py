"""Toolchains are named by what they leave, and only where they were left."""

import pytest

from slimgate.core.base import find_toolchains
from slimgate.core.base.toolchains import makes_builder
from tests.core.base.make import config, listing, run

ROOT = "/bin/sh -c #(nop) ADD file:aa11 in / "


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (("GOLANG_VERSION=1.26.1", "GOTOOLCHAIN=local", "GOPATH=/go"), ("go 1.26.1",)),
        (("GOLANG_VERSION=1.26", "PATH=/go/bin:/usr/local/go/bin"), ("go 1.26",)),
        (("GOLANG_VERSION=1.26", r"PATH=C:\Program Files\Go\bin", r"GOPATH=C:\go"), ("go 1.26",)),
        (("RUSTUP_HOME=/r", "CARGO_HOME=/c", "RUST_VERSION=1.90.0"), ("rust 1.90.0",)),
        (("MAVEN_HOME=/usr/share/maven", "MAVEN_CONFIG=/root/.m2"), ("maven",)),
        (("GRADLE_HOME=/opt/gradle", "GRADLE_VERSION=9.1.0"), ("gradle 9.1.0",)),
        (("DOTNET_SDK_VERSION=9.0.304", "NUGET_XMLDOC_MODE=skip"), ("dotnet-sdk 9.0.304",)),
        (("GCC_VERSION=15.2.0", "GCC_MIRRORS=x"), ("gcc 15.2.0",)),
        (("CUDA_VERSION=12.1.1", "NV_CUDA_CUDART_DEV_VERSION=12.1.105-1"), ("cuda 12.1.1",)),
        (("DART_SDK=/usr/lib/dart", "PATH=/usr/lib/dart/bin:/bin"), ("dart",)),
        (("CUDA_VERSION=12.1.1", "NV_CUDA_LIB_VERSION=12.1.1-1"), ()),
        (("GOTOOLCHAIN=local", "GOPATH=/go"), ("go",)),
        (("LEIN_VERSION=2.12.0", "LEIN_INSTALL=/usr/local/bin/"), ("leiningen 2.12.0",)),
        (("GOPATH=/go", "PATH=/go/bin:/usr/local/go/bin:/bin"), ()),
        (("DART_SDK=/usr/lib/dart",), ()),
        (("GOLANG_VERSION=1.26",), ()),
        (("GOPATH=/go",), ()),
        (("NODE_VERSION=22.1.0", "YARN_VERSION=1.22"), ()),
        (("PYTHON_VERSION=3.13", "GPG_KEY=x"), ()),
        (("JAVA_HOME=/opt/java", "JAVA_VERSION=jdk-21"), ()),
        (("GOLANG_VERSION=1\x1b[31m", "GOPATH=/go"), (r"go 1\x1b[31m",)),
    ],
)
def test_an_environment_needs_two_witnesses(
    env: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """What a toolchain's own image sets names it; one variable alone does not."""
    assert expected == find_toolchains(config(ROOT, env=env))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apt-get update && apt-get install -y build-essential", ("gcc",)),
        ("apt-get install -y gcc-12 g++-12", ("gcc",)),
        ("apk add --no-cache go=1.26.1-r0", ("go",)),
        ("dnf install -y 'java-21-openjdk-devel'", ("jdk",)),
        ("apk add openjdk21-jre", ()),
        ("apk add openjdk21", ("jdk",)),
        ("apt-get install -y libssl-dev libc6-dev", ()),
        ("apt-get install -y maven gradle", ("gradle", "maven")),
        ("dnf groupinstall -y 'Development Tools'", ("gcc",)),
        ("apt-get install -y gcc && make && apt-get purge -y gcc", ()),
        ("apt-get install -y gcc make && apt-get purge -y make", ("gcc",)),
        ("buildDeps='gcc make'; apt-get install -y $buildDeps; apt-get purge -y $buildDeps", ()),
        ("buildDeps='gcc make'; apt-get install -y $buildDeps", ("gcc",)),
        ("apk add --virtual .build-deps gcc make && make && apk del .build-deps", ()),
        ("apk add -t .build gcc && apk del .build", ()),
        ("apk add --virtual=.build gcc && apk del .build", ()),
        ("apk add --virtual .build-deps gcc && make", ("gcc",)),
        ("apk add --virtual .build-deps gcc && make install && long text that was cut …", ()),
        ("apt-mark auto '.*'; apt-get install -y gcc; apt-get purge -y --auto-remove", ()),
        ('echo "apt-get install gcc"', ()),
        ("echo apt-get install gcc", ()),
        ("true # apt-get install gcc", ()),
        ("if ! command -v gcc; then apt-get install -y gcc; fi", ()),
        ("for one in gcc make; do apt-get install -y gcc; done", ("gcc",)),
        ("curl -L https://go.dev/dl/go1.26.1.linux-amd64.tar.gz | tar -C /usr/local -xz", ("go",)),
        ("wget https://dl.google.com/go/go${V}.linux-amd64.tar.gz && tar xf go*.gz", ("go",)),
        ("curl -sSf https://sh.rustup.rs | sh -s -- -y", ("rust",)),
        ("curl https://sh.rustup.rs | sh -s -- -y && rustup self uninstall -y", ()),
        ("curl https://sh.rustup.rs | sh -s -- -y && rm -rf $HOME/.cargo $HOME/.rustup", ()),
        ("curl https://sh.rustup.rs | sh -s -- -y && rm -rf ~/.cargo/registry", ("rust",)),
        ("curl -L https://go.dev/dl/go1.26.tar.gz | tar xz && make && rm -rf /usr/local/go", ()),
        ("curl -O https://example.com/lego1.linux-amd64.tar.gz && tar xf lego*", ()),
        ("curl -LO https://x.org/dartsdk-linux-x64-release.zip && unzip dartsdk*", ("dart",)),
        ("wget https://x.org/apache-maven-3.9.9-bin.tar.gz && tar xf apache*", ("maven",)),
        ("apt-get install -y rocm-dev", ("rocm",)),
        ("DEBIAN_FRONTEND=noninteractive apt-get install -y gcc", ("gcc",)),
        ("/usr/bin/apt-get -o Dpkg::Use-Pty=0 install -y gcc", ("gcc",)),
        ("npm install -g node-gyp", ("node-gyp",)),
        ("curl -o x https://example.com/OpenJDK21U-jdk_x64_linux_hotspot.tar.gz", ("jdk",)),
        ("curl -o x https://example.com/OpenJDK21U-jre_x64_linux_hotspot.tar.gz", ()),
        ("apt-get install -y cuda-minimal-build-12-1=12.1.1-1", ("cuda",)),
        ("apt-get install -y cuda-nvcc-12-1", ("cuda",)),
        ("apt-get install -y cuda-libraries-12-1 cuda-nvtx-12-1", ()),
        ("apt-get remove gcc", ()),
        ("for one in gcc make; do apt-get install -y $one; done", ("gcc",)),
        ("for one in gcc make; do apt-get install -y $one; done; apt-get purge -y gcc make", ()),
        ("echo 'gcc make' | xargs apt-get install -y", ("gcc",)),
        ("sudo -E apt-get install -y gcc", ("gcc",)),
        ("env DEBIAN_FRONTEND=noninteractive apt-get install -y gcc", ("gcc",)),
        ("timeout 300 /usr/bin/apt-get install -y gcc", ("gcc",)),
        ("bash -euxc 'apt-get install -y gcc'", ("gcc",)),
        ("sh -c 'apt-get install -y gcc && make && apt-get purge -y gcc'", ()),
        pytest.param("sh -c " * 3_000, (), id="shells-in-shells"),
        ("sh install.sh gcc", ()),
        ("curl -L https://example.com/tool-go1.22-linux-amd64.tar.gz | tar xz", ()),
        ("curl -L https://go.dev/dl/go1.22.linux-amd64.tar.gz | tar xz; -/mv", ("go",)),
    ],
)
def test_packages_count_unless_the_same_instruction_removes_them(
    text: str, expected: tuple[str, ...]
) -> None:
    """What one RUN installs and removes leaves nothing; what it only speaks of never was there."""
    assert expected == find_toolchains(config(ROOT, run(text)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # Names that only begin as a toolchain's do tell nothing.
        ("COPY /zigbee2mqtt /opt/zigbee2mqtt # buildkit", None),
        ("COPY /usr/local/go /usr/local/go # buildkit", "go"),
        ("COPY /usr/local/go/ /opt/go/ # buildkit", "go"),
        ("/bin/sh -c #(nop) COPY dir:ab12 in /usr/local/go ", "go"),
        ("COPY /root/.rustup /root/.rustup # buildkit", "rust"),
        ("COPY /opt/gradle-8.5 /opt/gradle-8.5 # buildkit", "gradle"),
        ("COPY /usr/local/sbt /usr/local/sbt # buildkit", "sbt"),
        ("COPY /zig/zig /usr/local/bin/zig # buildkit", "zig"),
        ("COPY /emsdk /emsdk # buildkit", "clang"),
        ("COPY /usr/share/dotnet/sdk /usr/share/dotnet/sdk # buildkit", "dotnet-sdk"),
    ],
)
def test_a_copied_toolchain_folder_counts(line: str, expected: str | None) -> None:
    """`COPY --from` brings a toolchain without its environment."""
    assert find_toolchains(config(ROOT, line)) == ((expected,) if expected else ())


def test_what_is_left_counts() -> None:
    """In a lower layer, whatever removes it later; by a name of its own; or seen in a layer."""
    later = config(ROOT, run("apk add gcc"), run("apk del gcc"))
    node = config(ROOT, run("apk add python3 make g++"), env=("NODE_VERSION=22.1.0",))

    assert find_toolchains(later) == ("gcc",)
    assert find_toolchains(node) == ("gcc", "node-gyp")
    assert find_toolchains(config("x"), contents=(listing("usr/bin/gcc"),)) == ("gcc",)


@pytest.mark.parametrize(
    ("toolchains", "expected"),
    [((), False), (("jdk",), False), (("jdk", "maven 3.9"), True), (("go 1.26.1",), True)],
)
def test_a_jdk_alone_makes_no_builder(toolchains: tuple[str, ...], *, expected: bool) -> None:
    """Any other toolchain does."""
    assert expected is makes_builder(toolchains)
