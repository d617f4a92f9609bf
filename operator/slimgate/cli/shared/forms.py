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


class UsageOutput(StrEnum):
    """What `slimgate top` and `nodes` print: the same, and rows for spreadsheets."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"

    @property
    def document(self) -> Output | None:
        """The form of a document; None for rows."""
        found = Output(self.value) if self is not UsageOutput.CSV else None
        return found if found is not None and found.is_document else None

    @property
    def is_table(self) -> bool:
        """Whether it is for people."""
        return self in {UsageOutput.TABLE, UsageOutput.WIDE}


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


class By(StrEnum):
    """What a row of who fills the nodes' disks stands for."""

    IMAGE = "image"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"
    NODE = "node"
    BASE = "base"


class FailOn(StrEnum):
    """What ends `slimgate check` with status 1."""

    WARN = "warn"
    DENY = "deny"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where references are looked up that name no place."""

    REGISTRY = "registry"
    DOCKER = "docker"
