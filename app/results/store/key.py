"""The address of a result in a store."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grid.errors import InputError

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
    return key_from(loaded.scenario.sha256, loaded.input_hashes())


def key_from(scenario_sha256: str, input_sha256: Mapping[str, str]) -> str:
    """The address of a result by the hash of its scenario and those of its input files, by the names it uses."""
    content = {"scenario": scenario_sha256, "inputs": dict(input_sha256)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def is_key(name: str) -> bool:
    """Whether a name is that of a result in a store."""
    return _KEY.fullmatch(name) is not None


def check_key(name: str, manifest: Mapping[str, Any], place: str) -> None:
    """Compares the key under which a result lies with its manifest; other names may be any.

    Raises:
        InputError: If it is the result of another scenario, such as one that was copied over it.
    """
    if is_key(name) and key_from(str(manifest["scenario_hash"]), manifest.get("inputs", {})) != name:
        rule = f"holds the result of another scenario, {manifest.get('name')!r}: its key is not that of its manifest"
        raise InputError.single(place, rule)
