"""Facts as documents for other programs, safe to print to a terminal too."""

import json
from collections.abc import Sequence

from slimgate.core.facts_json import inspection_to_json
from slimgate.core.image import Inspection


def to_json_text(inspections: Sequence[Inspection], *, indent: bool) -> str:
    """Write one object a reference: over many lines with `indent`, else one line each.

    All that is not plain ASCII is escaped, since the texts come from strangers.
    """
    spaces = 2 if indent else None
    objects = [json.dumps(inspection_to_json(entry), indent=spaces) for entry in inspections]
    return "".join(f"{text}\n" for text in objects).replace("\x7f", "\\u007f")


def to_yaml_text(inspections: Sequence[Inspection]) -> str:
    """Write one YAML document a reference."""
    import yaml  # noqa: PLC0415 - only this output needs it

    return yaml.safe_dump_all(
        [inspection_to_json(entry) for entry in inspections],
        explicit_start=True,
        sort_keys=False,
        allow_unicode=False,
    )
