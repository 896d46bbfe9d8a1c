"""Keys and runs of sweeps that tests make up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from app.results.store.key import key_from
from app.results.store.states import NamedRun
from app.results.verification import MANIFEST, sealed

LEASE_S = 60.0
_SCENARIOS = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(500)]
_SCENARIO_OF = dict(sorted((key_from(scenario, {}), scenario) for scenario in _SCENARIOS))


def keys(count: int) -> list[str]:
    """So many keys, in order."""
    return list(_SCENARIO_OF)[:count]


def give_key(folder: Path, key: str) -> None:
    """Makes the result in a folder that of the scenario which has one of `keys`."""
    manifest = json.loads((folder / MANIFEST).read_text())
    of_key = {name: value for name, value in manifest.items() if name not in {"sha256", "inputs"}}
    of_key["scenario_hash"] = _SCENARIO_OF[key]
    (folder / MANIFEST).unlink()  # it may be the same file as another result's
    (folder / MANIFEST).write_text(json.dumps(sealed(of_key, folder)))


def runs(of: Sequence[str]) -> list[NamedRun]:
    return [NamedRun(f"run {k}", key, ("a", f"t{k}"), {"dispatch.carbon_price_per_t": 10.0 * k})
            for k, key in enumerate(of)]  # fmt: skip
