"""How a package manager's removal names packages: by name, glob, regular expression or group."""

import re
from fnmatch import fnmatchcase


def names_package(package: str, pattern: str) -> bool | None:
    """Whether a pattern names a package; None where that can't be told, as of regular ones."""
    if package == pattern:
        return True
    if package.startswith("@") or " " in package:
        # A group's packages may be removed one by one.
        return _group_name(package) == _group_name(pattern) or (
            None if pattern.startswith(("gcc", "make", "kernel")) else False
        )
    if pattern in {".*", "*"}:
        return True
    if not re.search(r"[*^$\[?|]", pattern):
        return False
    if re.search(r"[\[?|(\\]|[^.]\*\*", pattern):
        return None
    # apt takes regular expressions, too, which match anywhere in a name.
    bounds = ("" if pattern.startswith("^") else "*", "" if pattern.endswith("$") else "*")
    plain = pattern.removeprefix("^").removesuffix("$")
    if ".*" in plain or plain != pattern:
        plain = f"{bounds[0]}{plain.replace('.*', '*')}{bounds[1]}"
    return fnmatchcase(package, plain)


def _group_name(text: str) -> str:
    return re.sub(r"[@\s-]+", "-", text.lower()).strip("-").removeprefix("c-")
