"""Documents for other programs: the same one as JSON and as YAML, safe to print to a terminal too.

All that is not plain ASCII is escaped, since texts come from strangers.
"""

import json
from collections.abc import Mapping, Sequence

from slimgate.cli.shared.forms import Output

Document = Mapping[str, object]


def document_text(document: Document, output: Output) -> str:
    """Write a document in the form that was asked for."""
    return yaml_text(document) if output is Output.YAML else json_text(document)


def json_text(document: Document) -> str:
    """Write one object over many lines."""
    return f"{_safe(json.dumps(document, indent=2))}\n"


def json_lines(documents: Sequence[Document]) -> str:
    """Write one object a line; a single one over many lines."""
    if len(documents) == 1:
        return json_text(documents[0])
    return "".join(f"{_safe(json.dumps(document))}\n" for document in documents)


def yaml_text(*documents: Document) -> str:
    """Write one YAML document an object."""
    import yaml  # noqa: PLC0415 - only this form needs it

    class Plain(yaml.SafeDumper):
        """Writes what is there twice twice: few readers expect anchors."""

        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    return yaml.dump_all(
        documents, Dumper=Plain, explicit_start=True, sort_keys=False, allow_unicode=False
    )


def _safe(text: str) -> str:
    return text.replace("\x7f", "\\u007f")
