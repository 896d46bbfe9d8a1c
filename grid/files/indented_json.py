"""JSON for people: indented, and written in a fraction of the time that the standard library takes for it."""

from __future__ import annotations

import json
from typing import Any

_NESTING = (dict, list, tuple)


def indented(content: Any, depth: int = 0) -> str:
    """The text of ``json.dumps(content, indent=2, allow_nan=False)``.

    With an indentation the standard library leaves its compiled encoder; here that writes all that holds nothing else.

    Args:
        content: What is written; keys are texts.
        depth: How deep it stands.

    Raises:
        ValueError: If a number is not finite.
    """
    if not isinstance(content, _NESTING) or not content:
        return json.dumps(content, allow_nan=False)
    before, after = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    inside = content.values() if isinstance(content, dict) else content
    if not any(isinstance(each, _NESTING) for each in inside):
        text = json.dumps(content, allow_nan=False, separators=(f",{before}", ": "))
    elif isinstance(content, dict):
        parts = (f"{json.dumps(key)}: {indented(each, depth + 1)}" for key, each in content.items())
        text = f"{{{f',{before}'.join(parts)}}}"
    else:
        text = f"[{f',{before}'.join(indented(each, depth + 1) for each in content)}]"
    return f"{text[0]}{before}{text[1:-1]}{after}{text[-1]}"
