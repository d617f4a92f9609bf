"""The grammar of history entries."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.base import find_base
from slimgate.core.base.history import steps_of
from slimgate.core.images.facts import Platform
from slimgate.core.images.oci import HistoryEntry
from tests.core.base.make import config, entry

WORDS = (
    "apt-get", "apk", "dnf", "install", "add", "del", "gcc", "@c", "apt-mark", "auto", "history",
    "undo", "last", "--virtual", "-t", "curl", "https://go.dev/dl/go1.linux-amd64.tar.gz", "tar",
    "unzip", "rustup", "rustup-init", "-C", "-d", "-f", "mv", "cp", "rm", "cd", "export", "read",
    "for", "in", "do", "done", "if", "then", "fi", "case", "esac", "function", "f()", "env", "sh",
    "-c", "xargs", "-I", "echo", "cat", ".", "/", "-/", "a=$a", "a+=", "${a:-", "$(", "<<x", "'",
    '"', "\\", "#", "|", "&", ";", ";;", "(", ")", "{", "}", "*", "[", "?",
)  # fmt: skip
"""What readers of build steps look for, in no order."""


@pytest.mark.parametrize(
    ("line", "kind", "text", "shell"),
    [
        ('/bin/sh -c #(nop)  CMD ["sh"]', "CMD", '["sh"]', False),
        ("/bin/bash -o pipefail -c #(nop) USER x", "USER", "x", False),
        ("/bin/sh -c apk add curl", "RUN", "apk add curl", True),
        ("|2 A=1 B=/bin/x /bin/sh -c apk add curl", "RUN", "apk add curl", True),
        ("RUN /bin/sh -c apk add curl # buildkit", "RUN", "apk add curl", True),
        ("RUN |1 V=x /bin/ash -eo pipefail -c make # buildkit", "RUN", "make", True),
        ("RUN /app --init # buildkit", "RUN", "/app --init", False),
        ("RUN apk add curl", "RUN", "apk add curl", True),
        ("RUN cmd /S /C dir # buildkit", "RUN", "dir", True),
        ("RUN powershell -Command choco list # buildkit", "RUN", "choco list", True),
        ("|1 A=b powershell -NoLogo -Ex Bypass -Command $x = 1; dir", "RUN", "$x = 1; dir", True),
        ("COPY a b / # buildkit", "COPY", "a b /", False),
        ("apko", "", "apko", False),
        ("RUNNING late", "", "RUNNING late", False),
        ("", "", "", False),
    ],
)
def test_each_builders_line_is_read(line: str, kind: str, text: str, *, shell: bool) -> None:
    """The instruction, what follows it and whether a shell ran are the same for every builder."""
    (step,) = steps_of([entry(line)])

    assert (kind, text, shell) == (step.kind, step.text, step.shell)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY --chown=1:1 --link a b /c # buildkit", (("a", "b"), "/c")),
        ("/bin/sh -c #(nop) COPY file:0aa1 in /x ", (("file:0aa1",), "/x")),
        ("/bin/sh -c #(nop) COPY --chown=a:b multi:0aa1 in /x/ ", (("multi:0aa1",), "/x/")),
        ("COPY lonely # buildkit", ((), "")),
        ("RUN cp a b", ((), "")),
    ],
)
def test_copies_name_sources_and_target(line: str, expected: tuple[tuple[str, ...], str]) -> None:
    """Flags are skipped; what names no target names nothing."""
    (step,) = steps_of([entry(line)])

    assert expected == step.paths()


def test_text_beyond_the_limit_is_no_instruction() -> None:
    """Entries after a quarter of a million characters are empty, so they suggest nothing."""
    history = [HistoryEntry(created_by="RUN " + "x" * 30_000)] * 10

    assert [step.kind for step in steps_of(history)] == ["RUN"] * 9 + [""]


@pytest.mark.parametrize(
    "text",
    [
        "RUN /bin/sh -c " + "_jdk1" * 800_000,
        "COPY " + "--a " * 1_000_000,
        "|1 " + "/" * 4_000_000,
        "|1 " + "sh -a " * 700_000,
        "ADD ubuntu-a-" + "root" * 1_000_000 + " /",
        "ADD " + "file:aa" * 600_000,
        "RUN /bin/sh -c " + "'" * 4_000_001,
        "RUN /bin/sh -c a=" + "x" * 4_000 + ";" + "echo $a$a$a$a;" * 200_000,
        "RUN /bin/sh -c apk add " + "gcc " * 1_000_000 + "; apk del " + "*a*a*b " * 1_000,
        "LABEL " + "a=b " * 1_000_000,
    ],
    ids=lambda text: text[:24],
)
@pytest.mark.parametrize("entries", [1, 60])
def test_hostile_text_costs_little(text: str, entries: int) -> None:
    """Four megabytes of the worst text are judged in a time that an admission can bear."""
    length = len(text) // entries
    image = config(*[text[:length]] * entries)
    start = time.process_time()

    find_base(image, annotations={}, layer_sizes=(), unpacked_sizes=())

    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("f(){ a;a;a;a;a;a;};" + "f;" * 400, 32),
        ("f(){ " + "a;" * 2_000 + "};" + "f;" * 5_000, 2),
        ("f(){ sh -c 'apk add gcc';};" + "f;" * 400, 32),
        ("a|" * 8_000, 2),
        ("$a", 1_000),
    ],
    ids=["calls", "long function", "shells in calls", "pipes", "variable"],
)
def test_commands_and_functions_cost_little(text: str, entries: int) -> None:
    """However many commands the build steps that are kept come to, few of them are read."""
    image = config(*[f"RUN /bin/sh -c {text}"] * entries, env=tuple(f"a{i}=b" for i in range(990)))
    start = time.process_time()

    find_base(image, annotations={}, layer_sizes=(), unpacked_sizes=())

    assert time.process_time() - start < 0.5


def test_arguments_of_powershell_cost_little() -> None:
    """However many build arguments a RUN has, they are looked for in its text at once."""
    line = f"RUN |2600 {' '.join(f'B{i}=' for i in range(2_600))} powershell -c {'x ' * 8_000}"
    image = config(*[line] * 8, platform=Platform("windows", "amd64"))
    start = time.process_time()

    find_base(image, annotations={}, layer_sizes=(), unpacked_sizes=())

    assert time.process_time() - start < 3


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_any_words_are_read(words: list[str]) -> None:
    """No order of words that mean something to slimgate breaks a reader of theirs."""
    image = config(f"RUN /bin/sh -c {' '.join(words)}", f"COPY {''.join(words)}")

    find_base(image, annotations={}, layer_sizes=(), unpacked_sizes=())


@given(st.lists(st.builds(HistoryEntry, created_by=st.text(), comment=st.text())))
def test_any_history_is_read(history: list[HistoryEntry]) -> None:
    """No text breaks the grammar, and every entry gives one step."""
    assert len(steps_of(history)) == len(history)
