"""The emission factors that the figures of a run rest on, and those only, each with its source and derivation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.simulation.phases import SimulationResult
from carbon.data_centre.on_site import Generators, generator_tests
from carbon.factors import UsedFactor
from carbon.factors.units import MWH_PER_LITRE
from carbon.factors.used import derived, published
from grid.assets import AnyAsset
from grid.assets.generators import fuel

LOCAL_GENERATION = "local generation"
GENERATOR_TESTS = "generator tests"


def unverified_words(factors: tuple[UsedFactor, ...], name: str) -> tuple[str, ...]:
    """A sentence on the rows of the factor set that were used as they stand and not checked; none where there are none.

    Args:
        factors: What was used; derived values say themselves what they rest on.
        name: Of the factor set.
    """
    taken = dict.fromkeys(one.technology for one in factors if one.status == "unverified" and not one.derivation)
    return (f"Unverified factors of {name}, used here: {', '.join(taken)}.",) if taken else ()


def used_factors(outcome: SimulationResult) -> tuple[UsedFactor, ...]:
    """Of the imports, where their intensity follows from factors; of what fed in; of generator tests."""
    return (*outcome.inputs.upstream.factors, *_of_technologies(outcome), *_of_engines(outcome), *_of_tests(outcome))


def _of_technologies(outcome: SimulationResult) -> Iterator[UsedFactor]:
    """Factors of the set, of local generation that has none of its own."""
    boundary, factors, inputs = outcome.inputs.upstream.boundary, outcome.inputs.factors, outcome.accounts.inputs
    feeds = inputs.sources.p_mw.any(axis=0) & ~inputs.imported
    for name in sorted({name for name, any_fed in zip(inputs.source_names, feeds, strict=True) if any_fed}):
        row = factors.find(name, boundary)
        mine = np.array([other == name for other in inputs.source_names]) & feeds
        if (inputs.sources.ci_kg_per_mwh[0, mine] == row.value_kg_per_mwh).any():
            yield published(name, LOCAL_GENERATION, row)


def _of_engines(outcome: SimulationResult) -> Iterator[UsedFactor]:
    """Factors of assets by the fuel that they burnt for what they fed in."""
    assets = {asset.name: asset for asset in outcome.inputs.loaded.assets}
    for flexibility in outcome.inputs.flexibilities:
        asset = assets.get(flexibility.name)
        if asset is not None and flexibility.ci_kg_per_mwh is not None and (outcome.p_mw[asset.name] < 0).any():
            yield from _of_engine(asset, flexibility.ci_kg_per_mwh, outcome)


def _of_engine(asset: AnyAsset, ci_kg_per_mwh: tuple[float, float], outcome: SimulationResult) -> Iterator[UsedFactor]:
    use, boundary = asset.fuel_use, outcome.inputs.upstream.boundary
    if use is None:
        return
    burnt = fuel(use.fuel)
    derivation = (
        f"{use.kg_per_mwh:g} kg of CO2 per MWh of {use.fuel.replace('_', ' ')} × {use.mwh_per_mwh:g} MWh of it per MWh "
        f"× {use.electricity_share:g}, which electricity answers for"
    )
    if boundary == "lifecycle":
        derivation += f" × {1 + (burnt.upstream_share or 0.0):g} with what is emitted before it is burnt"
    yield derived(
        asset.name, burnt.technology, LOCAL_GENERATION, ci_kg_per_mwh[boundary == "lifecycle"], derivation,
        boundary=boundary,
        gas="CO2" if boundary == "direct" else "CO2e",
        issuer=burnt.issuer,
        source=burnt.source,
        status="unverified",  # the efficiencies are the planner's
    )  # fmt: skip


def _of_tests(outcome: SimulationResult) -> Iterator[UsedFactor]:
    """Factors of the diesel that emergency generators burnt in their tests."""
    for load in outcome.inputs.data_centres:
        generators = load.model.spec.on_site.generators
        if generators is not None and generator_tests(generators, outcome.inputs.clock).diesel_l > 0:
            usual = generators.kg_co2e_per_l == Generators.model_fields["kg_co2e_per_l"].default
            yield derived(
                load.name, "diesel", GENERATOR_TESTS, generators.kg_co2e_per_l / MWH_PER_LITRE["diesel"],
                f"{generators.kg_co2e_per_l:g} kg/L / {MWH_PER_LITRE['diesel']:g} MWh/L (Directive 2009/28/EC, III)",
                boundary="direct",
                gas="CO2e",
                issuer="UK government" if usual else "the scenario",
                source="UK government conversion factors 2025, mineral diesel, quoted from a secondary source" if usual
                else f"data centre {load.name}: on_site.generators.kg_co2e_per_l",
                status="secondary" if usual else "unverified",
            )  # fmt: skip
