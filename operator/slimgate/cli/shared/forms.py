"""The words that options take: forms of output, what fails a check, where images are.

Each is its own text, since typer reads a default by that.
"""

from enum import StrEnum


class Output(StrEnum):
    """Tables for people; JSON and YAML, which are the same document, for programs."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"

    @property
    def is_document(self) -> bool:
        """Whether it is for programs."""
        return self in {Output.JSON, Output.YAML}


class CheckOutput(StrEnum):
    """What `slimgate check` prints: the same, and what CI servers read."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"

    @property
    def is_table(self) -> bool:
        """Whether it is for people."""
        return self in {CheckOutput.TABLE, CheckOutput.WIDE}


class FailOn(StrEnum):
    """What ends `slimgate check` with status 1."""

    WARN = "warn"
    DENY = "deny"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where references are looked up that name no place."""

    REGISTRY = "registry"
    DOCKER = "docker"
