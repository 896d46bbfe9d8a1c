"""A data centre as a scenario describes it."""

from __future__ import annotations

from pydantic import Field, model_validator

from carbon.data_centre.cooling import Cooling, WaterEconomiser
from carbon.data_centre.it_load import ItLoad
from carbon.data_centre.on_site import OnSite
from carbon.data_centre.power_chain import DoubleConversion, PowerChain, Transformer
from carbon.data_centre.stated import StatedPlant
from grid.assets import AnyAsset
from grid.spec import Spec


class DataCentre(Spec):
    """A data centre: its servers, how they are cooled and how they are fed."""

    name: str = Field(min_length=1, pattern=r"^[^.]+$")
    """Name of the data centre, without a dot; it appears in the results."""
    bus: str = Field(min_length=1)
    """Name of the bus that feeds it."""
    p_it_rated_mw: float = Field(gt=0, le=2000)
    """Rated IT power: the most that the servers may draw [MW]."""
    utilisation: float = Field(default=0.8, ge=0.001, le=1)
    """Mean IT power as a share of the rated IT power [1]; not the utilisation of the processors. Default: an
    assumption, since few halls are full."""
    daily_swing: float = Field(default=0.0, ge=0, le=1)
    """Amplitude of the daily cosine of the IT power as a share of its mean [1]; 0 is a flat load."""
    peak_hour: float = Field(default=15.0, ge=0, lt=24)
    """Local hour at which the IT power peaks [h], with `daily_swing`."""
    lighting_share: float = Field(default=0.035, ge=0, le=0.2)
    """Power of the lighting, always on, as a share of the rated IT power [1]. Colocation: 0.02-0.05 (Lei and Masanet
    2020)."""
    cooling: Cooling = WaterEconomiser()
    """Cooling technology. Default: `water_economiser`."""
    power_chain: PowerChain = DoubleConversion()
    """Power conversion and distribution between the meter and the servers. Default: `double_conversion`."""
    transformer: Transformer | None = None
    """The data centre's own transformers, which carry all of its power. Default: none, where the grid supplies low
    voltage or the power chain starts at medium voltage (`panama`)."""
    stated: StatedPlant | None = Field(default=None, exclude_if=lambda value: value is None)
    """PUE and water as stated, instead of what cooling, power chain and transformer come to; then `cooling` only says
    which air the servers get, and the others which part of the power is theirs. Default: they follow from the plant."""
    it_load: ItLoad | None = None
    """IT load by utilisation, servers and growth, instead of `utilisation`, `daily_swing` and `peak_hour`."""
    on_site: OnSite = OnSite()
    """PV, battery and emergency generators on its site. Default: none."""
    heat_reuse_share: float = Field(default=0.0, ge=0, le=1)
    """Heat used by others as a share of the IT energy, for the energy reuse factor [1]; it changes no power. For a heat
    pump and its power see `cooling.heat_reuse`."""
    deferrable_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the IT power whose work may be run at another time [1]."""
    deadline_hours: int | None = Field(default=None, ge=2, le=168)
    """Longest delay of deferrable work after it arrives [h]. Default: it may run at any time of its day, also before it
    would have arrived."""

    @model_validator(mode="after")
    def _peak_within_rating(self) -> DataCentre:
        peak = self.utilisation * (1.0 + self.daily_swing)
        if peak > 1.0 + 1e-12:
            raise ValueError(f"utilisation x (1 + daily_swing) must not exceed 1; got {peak:g}")
        return self

    @model_validator(mode="after")
    def _one_load(self) -> DataCentre:
        simple = {"utilisation", "daily_swing", "peak_hour"} & self.model_fields_set
        if self.it_load is not None and simple:
            raise ValueError(f"with it_load, {', '.join(sorted(simple))} must be left out")
        return self

    @property
    def on_site_assets(self) -> tuple[AnyAsset, ...]:
        """PV and battery on its site, as assets of the city at its bus."""
        return self.on_site.assets(self.name, self.bus)
