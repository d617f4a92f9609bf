"""Which files are read: names, folders, standard input; and what is said of those that can't be."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from slimgate.cli.manifests import files
from slimgate.cli.manifests.errors import InputsError
from slimgate.cli.manifests.files import read_all
from slimgate.cli.manifests.read import FileDocument
from tests.cli.make import write


def _names(found: Sequence[FileDocument], folder: Path) -> list[str]:
    return [os.path.relpath(document.file, folder) for document in found]


def _fault(*arguments: str) -> list[str]:
    with pytest.raises(InputsError) as caught:
        read_all(arguments)
    return str(caught.value).splitlines()


def test_folders(tmp_path: Path) -> None:
    """A folder's manifests are read in order, to any depth, hidden and other files left out."""
    write(tmp_path, b_yaml="x: 1", a_z_yml="x: 2", a_y_json='{"x": 3}', README_md="x: 4")
    write(tmp_path / ".git", a_yaml="x: 5")
    (tmp_path / ".hidden.yaml").write_text("x: 6")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")

    assert _names(read_all([str(tmp_path)]), tmp_path) == ["a/y.json", "a/z.yml", "b.yaml"]


def test_each_file_once(tmp_path: Path) -> None:
    """A file named twice, or by its folder and itself, is read once; any name may be read."""
    write(tmp_path, a_yaml="x: 1", other_txt="x: 2")
    (tmp_path / "again.yaml").symlink_to(tmp_path / "a.yaml")
    arguments = [str(tmp_path / "other.txt"), str(tmp_path), str(tmp_path / "a.yaml")]

    assert _names(read_all(arguments), tmp_path) == ["other.txt", "a.yaml"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input, under the name that the user gives it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfx: 1\n---\ny: 2")))
    found = read_all(["-"], stdin_name="chart")

    assert [(document.file, document.line) for document in found] == [("chart", 1), ("chart", 3)]


def test_empty_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on standard input is a fault: the command before it has failed."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" \n")))

    assert _fault("-") == ["<stdin>: it is empty: did the command before fail?"]


def test_all_faults_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that can't be read is one line."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, bad_yaml="a: b: c", good_yaml="a: b")
    with (tmp_path / "large.yaml").open("wb") as large:
        large.truncate(files.MAX_BYTES + 1)
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "evil\x1b[2J.yaml").write_text("a: b: c")

    assert _fault("nope", "empty", "", "http://x/y", "/dev/zero", ".") == [
        "nope: there is no such file or folder",
        "empty: the folder holds no .yaml, .yml, .json file",
        "'': the name is empty: is a variable unset?",
        "http://x/y: slimgate does not fetch URLs: curl -fsSL URL | slimgate check -f -",
        "/dev/zero: it is a device, not a file",
        "bad.yaml:1: it is not YAML: mapping values are not allowed in this context",
        "evil\\x1b[2J.yaml:1: it is not YAML: mapping values are not allowed in this context",
        "large.yaml: it is larger than 64 MiB",
        "latin.yaml:2: it is not UTF-8 text",
    ]


def test_endless_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with more files than any project has is given up, manifests or not."""
    monkeypatch.setattr(files, "MAX_ENTRIES", 3)
    write(tmp_path, a_yaml="x: 1", b_yaml="x: 1", c_txt="")

    assert _fault(str(tmp_path)) == [f"{tmp_path}: the folder has more than 3 files"]


def test_unreadable(tmp_path: Path) -> None:
    """What the system refuses to open is named with the system's reason."""
    path = tmp_path / "loop.yaml"
    path.symlink_to("/proc/self/mem")

    assert _fault(str(path)) == [f"{path}: it can't be read: Input/output error"]
