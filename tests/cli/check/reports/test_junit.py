"""JUnit XML: suites by file, a case by image, and nothing that breaks the document."""

from xml.etree.ElementTree import Element, fromstring

from slimgate.cli.check.reports.junit import report_junit
from tests.cli.check.reports.cases import BROKEN, EVIL, TOOLCHAIN, report_of


def _parse(text: str) -> Element:
    return fromstring(text)  # noqa: S314 - our own document, of which only its form is in doubt


async def test_cases() -> None:
    """Every image of every workload is a case; denials fail, failed look-ups are errors."""
    root = _parse(report_junit(await report_of()))
    cases = [
        (suite.get("name"), case.get("classname"), case.get("name"), [c.tag for c in case])
        for suite in root
        for case in suite
    ]

    assert cases == [
        ("deploy/web.yaml", "pod shop/web", "container web", ["failure", "system-out"]),
        ("deploy/web.yaml", "pod shop/web", "container gone", ["error"]),
        ("deploy/web.yaml", "pod shop/web", "all images together", ["error"]),
        ("deploy/web.yaml", "pod shop/small", "container web", ["system-out"]),
        ("deploy/web.yaml", "pod shop/small", "all images together", []),
        ("deploy/web.yaml", "pod default/old", "container web", ["system-out"]),
        ("deploy/web.yaml", "pod default/old", "all images together", ["system-out"]),
        ("left.yaml", "pod kube-system/left", "container web", ["skipped"]),
    ]


async def test_details() -> None:
    """A failure names the checks, the place and the reason; counts add up."""
    root = _parse(report_junit(await report_of(notes=("a note",))))
    failure = root[0][0][0]

    assert failure.get("type") == "pullSize"
    assert failure.text is not None
    assert failure.text.endswith(f"; it still contains go. {TOOLCHAIN}")
    assert failure.text.startswith('deploy/web.yaml:6: container "web": shop:fat pulls 120 MiB')
    assert root.attrib == {
        "name": "slimgate", "tests": "8", "failures": "1", "errors": "2", "skipped": "1"
    }  # fmt: skip
    assert {**root[0].attrib, "name": ""} == {
        "name": "", "tests": "7", "failures": "1", "errors": "2", "skipped": "0"
    }  # fmt: skip
    assert [root[2].get("name"), root[2].findtext("system-out")] == ["notes", "a note"]


async def test_images() -> None:
    """Images that the command line names are cases of a suite of their own, without a file."""
    (suite,) = _parse(report_junit(await report_of({}, images=["shop:fat", "shop:soya"])))

    assert suite.get("name") == "images"
    assert [(case.get("name"), case.get("file")) for case in suite] == [
        ("image shop:fat", None),
        ("all images together", None),
        ("image shop:soya", None),
        ("all images together", None),
    ]
    assert (suite[0][0].get("message") or "").startswith("shop:fat pulls 120 MiB")


def test_errors() -> None:
    """Where nothing was judged, each reason is an error, and nothing passes."""
    root = _parse(report_junit(BROKEN))

    assert (root.get("tests"), root.get("errors")) == ("2", "2")
    assert [case[0].text for case in root[0]] == [
        "a%.yaml:2: it is not YAML: ]]>\\x1b",
        "b: it is empty",
    ]


async def test_hostile_texts() -> None:
    """What XML can't hold is escaped, in names, messages and files."""
    text = report_junit(await report_of({"e\x1b\ufffe.yaml": EVIL}, notes=("\x00",)))
    root = _parse(text)

    assert root[0].get("name") == "e\\x1b\\ufffe.yaml"
    assert root[0][0].get("name") == "container [red]\\x1b[2J\\u202e\\n::error::]]>&<\\uffff"
    assert not set(text) & set("\x00\x1b\ufffe\uffff")
