"""Counts calls: what work is done is told by that, on a machine of any speed."""

import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Self


class Calls:
    """Counts the calls of a function of Python's, in this thread."""

    def __init__(self, function: Callable[..., object]) -> None:
        assert isinstance(function, FunctionType)
        self._code = function.__code__
        self.count = 0

    def __enter__(self) -> Self:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _: object) -> None:
        self.count += event == "call" and frame.f_code is self._code
