"""The address of a result in a store."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.scenario.loaded import LoadedScenario

KEY_LENGTH = 32
"""Hexadecimal digits of a key: 128 bits, so that no two scenarios of a store meet by chance."""
_KEY = re.compile(rf"[0-9a-f]{{{KEY_LENGTH}}}")


def key_of(loaded: LoadedScenario) -> str:
    """The address of a scenario's result: the same for the same scenario with the same input files, wherever it runs.

    Returns:
        `KEY_LENGTH` hexadecimal digits, from the hash of the canonical scenario and those of the files it refers to.
    """
    content = {"scenario": loaded.scenario.sha256, "inputs": loaded.input_hashes()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def is_key(name: str) -> bool:
    """Whether a name is that of a result in a store."""
    return _KEY.fullmatch(name) is not None
