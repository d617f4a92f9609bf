"""Toolchains are named by what they leave, and only where they were left."""

import pytest

from slimgate.core.base import find_base, find_toolchains
from slimgate.core.base.toolchains import makes_builder
from tests.core.base.make import MB, config, listing

ROOT = "/bin/sh -c #(nop) ADD file:aa11 in / "


def _run(text: str) -> str:
    return f"RUN /bin/sh -c {text} # buildkit"


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
    assert expected == find_toolchains(config(ROOT, _run(text)))


GONE, DOUBTED, LEFT = "Slim", None, "Builder"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apt-get install gcc; echo gcc | xargs apt-get purge -y", GONE),
        ("D='gcc make'; apt-get install $D; echo $D | xargs -r apt-get purge -y", GONE),
        ("echo gcc make | xargs apt-get install -y", LEFT),
        ("apt-get install gcc; cat deps | xargs apt-get purge -y --auto-remove", DOUBTED),
        ("apt-get install gcc; xargs apt-get purge -y < deps", DOUBTED),
        ("apt-get install gcc; apt-get purge $(cat deps)", DOUBTED),
        ("apt-get install gcc; apt-get purge `cat deps`", DOUBTED),
        pytest.param("true;" * 3_000 + "apt-get install gcc", LEFT, id="many-commands"),
        pytest.param("a;" * 5_000 + "apt-get install gcc", DOUBTED, id="too-many-commands"),
        pytest.param(
            "f() { a b c d; }; " + "f;" * 2_000 + "apt-get install make", DOUBTED, id="functions"
        ),
        ("apt-get install gcc; dpkg -l | grep gcc | awk '{print $2}' | xargs dpkg -P", DOUBTED),
        ("apt-mark showmanual | xargs apt-mark auto; apt-get install gcc; apt autoremove", GONE),
        ("apt-get install gcc; apt-mark auto gcc; apt-get autoremove -y", GONE),
        ("apt-mark auto '.*'; apt-get install gcc; apt-mark manual gcc; apt-get autoremove", LEFT),
        ("apt-get install gcc; apt-mark auto make; apt-get autoremove -y", LEFT),
        ("apt-get install gcc-13; apt-get purge -y 'gcc*'", GONE),
        ("apt-get install gcc-13; apt-get purge -y '^gcc-.*'", GONE),
        ("apt-get install gcc-13; apt-get purge -y 'cc-.*$'", GONE),
        ("apt-get install gcc-13; apt-get purge -y '^make'", LEFT),
        ("apt-get install gcc-13; apt-get purge -y 'gcc-[0-9]+'", DOUBTED),
        ("apt-get install g++; apt-get purge -y g++", GONE),
        ("apt-get install gcc; dpkg --purge gcc", GONE),
        ("apt-get build-dep -y nginx", DOUBTED),
        ("if x; then apt-get install gcc; fi", DOUBTED),
        ("if x; then true; else apt-get install gcc; fi", DOUBTED),
        ("if x; then apt-get install gcc; make; apt-get purge gcc; fi", GONE),
        ("if x; then apt-get install gcc; fi; apt-get purge -y gcc", GONE),
        ("apt-get install gcc; if x; then apt-get purge gcc; fi", DOUBTED),
        ("if x; then true; fi; apt-get install gcc", LEFT),
        ("case $a in b) apt-get install gcc;; c) true;; esac", DOUBTED),
        ("case $a in b) apt-get install gcc;; c) apt-get purge gcc;; esac", DOUBTED),
        ("case $a in b) x=1;; esac; apt-get install gcc", LEFT),
        ("case $a in b) D=gcc;; esac; apt-get install curl $D", DOUBTED),
        ("case $a in b) D=gcc;; esac; apt-get install $D make; apt-get purge $D make", GONE),
        ('D=make; D="$D gcc"; apt-get install $D; apt-get purge $D', GONE),
        ("D=make; D+=' gcc'; apt-get install $D", LEFT),
        ("command -v gcc || apt-get install gcc", DOUBTED),
        ('[ -n "$X" ] && apt-get update && apt-get install gcc', DOUBTED),
        ('[ -n "$X" ] || { apt-get update; apt-get install gcc; }', DOUBTED),
        ("apt-get update || true; apt-get install gcc", LEFT),
        ("apt-get install gcc || exit 1", LEFT),
        ('apt-get install gcc; [ -z "$D" ] || apt-get purge gcc', DOUBTED),
        ("if x; then curl -L https://go.dev/dl/go1.26.linux-amd64.tar.gz | tar xz; fi", DOUBTED),
        ("case $a in b) a=x;; esac; curl https://sh.rustup.rs | sh", LEFT),
        ("cd /tmp; curl -L https://go.dev/dl/go1.26.linux-amd64.tgz | tar xz; rm -rf /tmp/*", GONE),
        ("cd /t; wget https://go.dev/dl/go1.linux-a.tgz; tar xf go1*; mv go /o; rm -r /t/*", LEFT),
        ("wget -O g https://go.dev/dl/go1.26.linux-amd64.tgz; tar -C /o -xf g; rm -r /o/go/doc",
         LEFT),
        ("curl https://sh.rustup.rs | sh; rm -rf ~/.cargo", LEFT),
        ("case $a in b) u=https://go.dev/dl/a.tgz;; c) u=https://x/y.tgz;; esac; curl $u", DOUBTED),
        ("for p in $(cat list); do apt-get install -y $p; done", DOUBTED),
        ("apt-get install -y $(cat list)", DOUBTED),
        ("cat list | while read p; do apt-get install -y $p; done", DOUBTED),
        ("find / | scan | xargs apt-get install -y", GONE),
        ("xargs apt-get install -y < /x/.dependencies.txt", GONE),
        ("sdk install maven", LEFT),
        ("sdk install java", GONE),
        ("ghcup install ghc", LEFT),
        ("P=(gcc make); apt-get install -y ${P[@]}", LEFT),
        ("P=(curl); P+=(gcc); apt-get install -y ${P[*]}", LEFT),
        ("apt-get install -y ${DEPS:-gcc make}", LEFT),
        ("apt-get install -y ${DEPS-curl}", GONE),
        ("clean() { apt-get purge -y gcc; }; apt-get install -y gcc; make; clean", GONE),
        ("function need { apt-get install -y gcc; }; need", LEFT),
        ("need() { apt-get install -y gcc; }; true", GONE),
        ("need() { apt-get install -y gcc; }; if x; then need; fi", DOUBTED),
        ("cat <<EOF > /x.sh\napt-get install -y gcc\nEOF\ntrue", GONE),
        ("bash <<'EOF'\napt-get install -y gcc\nEOF", LEFT),
        ("<<EOF\napt-get install -y gcc\nEOF", LEFT),
        ("cat > /x <<-EOF && apt-get install -y gcc\necho\nEOF", LEFT),
        ("apt-get update\napt-get install -y gcc\n", LEFT),
        ("apt-get install -y gcc && apt-get remove -y '.*-dev$' gcc", GONE),
        ("apt-get install -y gcc && dpkg -P $(dpkg -l | awk '/gcc/ {print $2}')", DOUBTED),
        ("apt-get install -y gcc && apt-get purge -y gcc || true", GONE),
        ("apt-get install -y gcc; for p in $(cat l); do apt-get purge -y $p; done", DOUBTED),
        ("git clone https://github.com/flutter/flutter.git /opt/flutter", LEFT),
        ("curl -L https://apt.llvm.org/llvm.sh -o l && bash l 17", LEFT),
        ("apt-get install -y gcc; test -f /keep || apt-get purge -y gcc", DOUBTED),
        ("if ! apt-get install -y gcc; then exit 1; fi", DOUBTED),
        ("apt-get install -y --no-install-recommends $(echo gcc make)", LEFT),
        ("curl https://x/install.sh | sh", GONE),
        ("apt-get install -y ./x_1.deb", GONE),
        ("swift --version", LEFT),
        ("swift upload bucket", GONE),
        ("./go version", GONE),
        ("if x; then go build; fi", GONE),
        ("apt-get install -y golang; go build; apt-get purge -y golang", GONE),
    ],
)  # fmt: skip
def test_what_a_branch_or_a_file_decides_is_unknown(text: str, expected: str | None) -> None:
    """What surely stays makes a builder, what is surely removed none, and what may be is open."""
    tier = _tier("# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'", text)

    assert expected == tier


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dnf groupinstall -y 'Development Tools' && dnf groupremove -y 'Development Tools'", True),
        ("yum group install Development\\ Tools && yum group remove 'development tools'", True),
        ("dnf install -y @development-tools && dnf remove -y @development-tools", True),
        ("dnf groupinstall -y 'Development Tools' && dnf remove -y gcc", None),
        ("dnf groupinstall -y 'Development Tools' && dnf remove -y wget", False),
        ("yum install -y gcc && make && yum history -y undo last", True),
        ("yum install -y gcc && yum install -y make && yum history undo last -y", False),
        ("yum install -y gcc && yum history undo 3 -y", None),
        ("dnf install -y gcc && dnf -y history rollback 1", None),
        ("yum install -y gcc && rpm -e --nodeps gcc", True),
        ("yum install -y gcc && rpm -qa | grep gcc | xargs yum -y remove", None),
    ],
)
def test_groups_and_transactions_of_rpm(text: str, *, expected: bool | None) -> None:
    """A group or a transaction that is taken back whole leaves nothing."""
    tier = _tier("ADD almalinux-9-default-amd64.tar.xz / # buildkit", text)

    assert tier == {True: "Full", None: None, False: "Builder"}[expected]


def _tier(root: str, text: str) -> str | None:
    base = find_base(
        config(root, _run(f"set -eux; {text}")),
        annotations={},
        layer_sizes=(28 * MB, 90 * MB),
        unpacked_sizes=(),
    )
    return None if base.tier is None else base.tier.label


def test_a_later_instruction_removes_nothing() -> None:
    """The compiler stays in the lower layer, and in every pull."""
    image = config(ROOT, _run("apk add gcc"), _run("apk del gcc"))

    assert find_toolchains(image) == ("gcc",)


def test_node_with_a_compiler_and_python_is_node_gyp() -> None:
    """What native node modules are built with is named as such."""
    image = config(ROOT, _run("apk add python3 make g++"), env=("NODE_VERSION=22.1.0",))

    assert find_toolchains(image) == ("gcc", "node-gyp")


@pytest.mark.parametrize(
    "line",
    [
        "COPY /usr/local/go /usr/local/go # buildkit",
        "COPY /usr/local/go/ /opt/go/ # buildkit",
        "/bin/sh -c #(nop) COPY dir:ab12 in /usr/local/go ",
    ],
)
def test_a_copied_toolchain_folder_counts(line: str) -> None:
    """`COPY --from` brings a toolchain without its environment."""
    assert find_toolchains(config(ROOT, line)) == ("go",)


def test_listed_paths_count() -> None:
    """A compiler seen in a layer is there, whatever the history says."""
    assert find_toolchains(config("x"), contents=(listing("usr/bin/gcc"),)) == ("gcc",)


@pytest.mark.parametrize(
    ("toolchains", "expected"),
    [((), False), (("jdk",), False), (("jdk", "maven 3.9"), True), (("go 1.26.1",), True)],
)
def test_a_jdk_alone_makes_no_builder(toolchains: tuple[str, ...], *, expected: bool) -> None:
    """Any other toolchain does."""
    assert expected is makes_builder(toolchains)
