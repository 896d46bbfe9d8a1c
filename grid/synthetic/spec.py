"""What a synthetic grid is made of, and by which rules."""

from __future__ import annotations

from pydantic import Field

from grid.spec import Spec


class SyntheticSpec(Spec):
    """A grid made by rule from loads with coordinates (`docs/synthetic_grid.md`); it is no model of a real one."""

    loads: str = Field(min_length=1)
    """Loads or buildings, a file (path relative to the scenario's): CSV with `name`, `longitude`, `latitude` (or `x`,
    `y` in metres), `p_mw` (or `p_kw`) at the common peak, and optional `q_mvar` and `sector`; or points or outlines
    with these attributes in GeoPackage or GeoJSON."""
    streets: str | None = None
    """Lines along which low-voltage cables lie, a file (path relative to the scenario's): GeoPackage or GeoJSON.
    Default: straight lines between loads."""
    power_factor: float = Field(default=0.95, gt=0, le=1)
    """Power factor of loads that state no `q_mvar` [1]."""
    reserve_share: float = Field(default=0.3, ge=0, le=2)
    """By how much cables and transformers are rated above what flows at the peak [1]."""
    substation_max_mva: float = Field(default=0.4, gt=0, le=0.63)
    """Peak that a secondary substation serves at most, unless a single load draws more [MVA]."""
    feeder_max_km: float = Field(default=0.4, gt=0, le=5)
    """Distance up to which a secondary substation serves loads, as the crow flies [km]."""
    seed: int = Field(default=0, ge=0)
    """Seed of the clusters; the same loads and seed make the same grid."""
