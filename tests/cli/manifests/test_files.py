"""Which files are read: names, folders, standard input; and what is said of those that can't be."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from slimgate.cli.manifests import files
from slimgate.cli.manifests.errors import InputsError
from slimgate.cli.manifests.files import read_all, read_inputs
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
    (tmp_path / "wide.yaml").write_bytes(b"\xff\xfea")
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
        "wide.yaml:1: it is not UTF-16 text",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    """UTF-8 and UTF-16 are read, as by kubectl, with or without a mark; UTF-16 needs it."""
    text = "a: größe\r\n"
    marked = text if encoding in {"utf-8", "utf-8-sig", "utf-16"} else f"\ufeff{text}"
    (tmp_path / "f.yaml").write_bytes(marked.encode(encoding))

    (document,) = read_inputs([str(tmp_path / "f.yaml")]).documents

    assert document.content == {"a": "größe"}


def test_what_is_not_of_kubernetes(tmp_path: Path) -> None:
    """In a folder it is passed over if it can't be read, and a template or a manifest is not."""
    write(tmp_path, a_yaml="x: 1", tsconfig_json='{\n// why\n"a": 1}', mkdocs_yml="a: b: c")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    found = read_inputs([str(tmp_path)])

    assert _names(found.documents, tmp_path) == ["a.yaml"]
    foreign = [os.path.relpath(file, tmp_path) for file in found.foreign]
    assert foreign == ["latin.yaml", "mkdocs.yml", "tsconfig.json"]
    named = str(tmp_path / "tsconfig.json")
    for more in ({"t_yaml": "{{ include x }}: b: c"}, {"m_json": '{"kind": "Pod",}'}, {}):
        write(tmp_path, **more)
        with pytest.raises(InputsError):
            read_inputs([str(tmp_path)] if more else [named])


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        ([], ["a/b/c.yaml", "a/c.yaml", "c.yaml"]),
        (["c.yaml"], []),
        (["a"], ["c.yaml"]),
        (["a/*"], ["c.yaml"]),
        (["./a/b/"], ["a/c.yaml", "c.yaml"]),
        (["b", "**/none"], ["a/c.yaml", "c.yaml"]),
        (["a/*.yaml"], ["a/b/c.yaml", "c.yaml"]),
    ],
)
def test_excluded(exclude: list[str], expected: list[str], tmp_path: Path) -> None:
    """Names at any depth and paths below the folder are left out, with all that is in them."""
    write(tmp_path, a_b_c_yaml="x: 1", a_c_yaml="x: 2", c_yaml="x: 3", d_yaml="x: 4")
    found = read_inputs([str(tmp_path)], exclude=[*exclude, "d.*"]) if expected else None

    if found is None:
        with pytest.raises(InputsError, match=r"holds no \.yaml"):
            read_inputs([str(tmp_path)], exclude=[*exclude, "d.*"])
    else:
        assert _names(found.documents, tmp_path) == expected


def test_kustomizations(tmp_path: Path) -> None:
    """They are no manifests, and it is known where they are, whatever they are called."""
    write(tmp_path, a_kustomization_yaml="resources: []", b_x_yaml="x: 1")
    (tmp_path / "b" / "Kustomization").write_text("resources: [x.yaml]")
    found = read_inputs([str(tmp_path)])

    assert found.kustomizations == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert _names(found.documents, tmp_path) == ["b/x.yaml"]


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
