"""The configuration file's text: YAML, one object, no key twice."""

from collections.abc import Hashable, Mapping

import yaml

from slimgate.core.text import printable
from slimgate.settings.faults import InvalidSettingsError, fault


def parse_document(text: str) -> Mapping[str, object]:
    """Read the file's one object; InvalidSettingsError if it holds anything else."""
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        raise _marked(error) from error
    except RecursionError as error:
        raise fault("", "is nested too deeply") from error
    except ValueError as error:
        raise fault("", "holds a number or a time that can't be read") from error
    except yaml.YAMLError as error:
        raise fault("", f"is not YAML: {_line(str(error))}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise fault("", "must be an object: begin with apiVersion and kind")
    return found


class _Loader(yaml.SafeLoader):
    """Refuses what would be read otherwise than it looks."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: they may stand for far more than they take to write."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(None, None, "aliases are not supported", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(  # YAML's own signature
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[Hashable, object]:
        """Refuse keys that are there twice, of which YAML's readers take the last."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.MarkedYAMLError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                what = f"the key {printable(key.value, 64)} is there twice"
                raise yaml.MarkedYAMLError(None, None, what, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _marked(error: yaml.MarkedYAMLError) -> InvalidSettingsError:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}: " if mark else ""
    problem = error.problem or "is not YAML"
    if problem == "but found another document":
        problem = "a second document begins here, and there must be one"
    return fault("", f"{where}{_line(problem)}")


def _line(text: str) -> str:
    return printable(" ".join(text.split()), 200)
