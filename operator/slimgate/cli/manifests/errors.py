"""What is wrong with a file that the user named."""

from slimgate.core.errors import SlimgateError
from slimgate.core.text import printable

_LENGTH = 4096


class InputError(SlimgateError):
    """A file can't be used; the message begins with where: `file: …` or `file:line: …`."""

    def __init__(self, file: str, line: int | None, message: str) -> None:
        where = printable(file, _LENGTH) + (f":{line}" if line is not None else "")
        super().__init__(f"{where}: {message}")
        self.file = file
        self.line = line
        self.reason = message


class InputsError(SlimgateError):
    """Several files can't be used: one line each."""

    def __init__(self, errors: list[InputError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors
