"""The configuration file described by JSON Schema, and the settings written as such a file."""

from slimgate.settings.keys import KEYS
from slimgate.settings.model import Settings
from slimgate.settings.objects import schema_of
from slimgate.settings.read import API_VERSION, FIELDS, KIND


def schema() -> dict[str, object]:
    """Describe the file, with every default."""
    described = schema_of(FIELDS)
    properties = described["properties"]
    assert isinstance(properties, dict)
    defaults = as_file(Settings())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://slimgate.dev/schemas/{API_VERSION}/{KIND}.json",
        "title": "slimgate's configuration file",
        **described,
        "properties": {
            name: {**found, "default": defaults[name]}
            if name in KEYS and name in defaults
            else found
            for name, found in properties.items()
        },
    }


def as_file(settings: Settings) -> dict[str, object]:
    """Write settings as a configuration file holds them, what is not set left out."""
    values = {name: getattr(settings, key.field) for name, key in KEYS.items()}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        **{
            name: KEYS[name].value.write(value)
            for name, value in values.items()
            if value is not None
        },
    }
