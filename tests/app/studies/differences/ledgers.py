"""Ledgers of made-up cities that close, for tests of what explains differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from app.studies.differences.run_ledger import AVERAGE, COST, MARGINAL, RunLedger
from grid.arrays import Floats

N_STEPS = 48
_MWH = ("grid_loss_mwh", "stores_mwh", "generation_mwh", "export_mwh", "generation_kg", "export_kg", "stored_kg",
        "wear_cost", "forgone_value", "carbon_cost", "stock_gain_mwh")  # fmt: skip
_RATES = {"mean_kg_per_mwh": 400.0, "marginal_kg_per_mwh": 700.0, "import_price_per_mwh": 90.0,
          "export_price_per_mwh": 60.0}  # fmt: skip


def random_ledger(seed: int) -> RunLedger:
    """A ledger of random energies, carbon and prices; of the uses, one is below zero and one only in even seeds."""
    rng = np.random.default_rng(seed)
    values = {name: rng.uniform(0, 1, N_STEPS) for name in _MWH} | {
        name: rate * rng.uniform(0.5, 1.5, N_STEPS) for name, rate in _RATES.items()
    }
    uses = {"homes": rng.uniform(1, 3, N_STEPS), "cars": rng.uniform(0, 2, N_STEPS), "v2g": -rng.uniform(0, 1, N_STEPS)}
    if seed % 2:
        del uses["cars"]
    return closed(uses, values, demand_charge=float(rng.uniform(0, 1000)))


def quiet_ledger(uses: Mapping[str, Floats], **values: Floats) -> RunLedger:
    """A ledger of uses that are all imported, at intensities and prices that change with the hour."""
    wave = 1 + 0.4 * np.sin(np.arange(N_STEPS) / 24 * 2 * np.pi)
    nothing = {name: np.zeros(N_STEPS) for name in _MWH}
    return closed(uses, {**nothing, **{name: rate * wave for name, rate in _RATES.items()}, **values})


def closed(uses: Mapping[str, Floats], values: Mapping[str, Floats], demand_charge: float = 0.0) -> RunLedger:
    """A ledger whose imports are what closes it, with the figures that follow."""
    imported = sum(uses.values()) + values["grid_loss_mwh"] + values["stores_mwh"] + values["export_mwh"]
    ledger = RunLedger(
        **values, hour=np.arange(N_STEPS) % 24, uses_mwh=dict(uses), demand_charge=demand_charge, figures={},
        import_mwh=np.asarray(imported - values["generation_mwh"]),
    )  # fmt: skip
    return replace(ledger, figures=figures_of(ledger))


def figures_of(run: RunLedger) -> dict[str, float]:
    """The key figures of a ledger, written down as their SQL has them."""
    carbon = run.import_mwh * run.mean_kg_per_mwh + run.generation_kg - run.export_kg - run.stored_kg
    caused = (run.import_mwh - run.export_mwh) * run.marginal_kg_per_mwh + run.generation_kg
    paid = run.import_mwh * run.import_price_per_mwh - run.export_mwh * run.export_price_per_mwh
    terms = paid + run.wear_cost + run.forgone_value + run.carbon_cost
    cost = terms.sum() + run.demand_charge - run.stock_gain_mwh.sum() * run.import_price_per_mwh.mean()
    return {AVERAGE: carbon.sum() / 1000, MARGINAL: caused.sum() / 1000, COST: float(cost)}
