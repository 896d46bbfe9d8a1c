"""Keys and runs of sweeps that tests make up."""

from __future__ import annotations

from collections.abc import Sequence

from app.results.store.key import KEY_LENGTH
from app.results.store.states import NamedRun

LEASE_S = 60.0


def keys(count: int) -> list[str]:
    return [f"{number:0{KEY_LENGTH}x}" for number in range(1, count + 1)]


def runs(of: Sequence[str]) -> list[NamedRun]:
    return [NamedRun(f"run {k}", key, ("a", f"t{k}"), {"dispatch.carbon_price_per_t": 10.0 * k})
            for k, key in enumerate(of)]  # fmt: skip
