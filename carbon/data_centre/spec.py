"""A data centre as a scenario describes it."""

from __future__ import annotations

from pydantic import Field, model_validator

from carbon.data_centre.cooling import Cooling, WaterEconomiser
from carbon.data_centre.it_load import ItLoad
from carbon.data_centre.on_site import OnSite
from carbon.data_centre.power_chain import DoubleConversion, PowerChain, Transformer
from grid.assets import AnyAsset
from grid.spec import Spec


class DataCentre(Spec):
    """A data centre: its servers, how they are cooled and how they are fed."""

    name: str = Field(min_length=1, pattern=r"^[^.]+$")
    """Name, without a dot."""
    bus: str = Field(min_length=1)
    """Name of the bus that feeds it."""
    p_it_rated_mw: float = Field(gt=0, le=2000)
    """IT power the hall is built for [MW]."""
    utilisation: float = Field(default=0.8, gt=0, le=1)
    """Mean IT power drawn, as a share of the rated [1]; not the servers' CPU utilisation. The default is ours: few
    halls are full, and at 0.8 a hall rated 3 MW and fed with 240 V DC peaks near 3.7 MW in a temperate year."""
    daily_swing: float = Field(default=0.0, ge=0, le=1)
    """By what share of its mean the IT power rises by day and falls by night, as a cosine [1]; 0 is flat."""
    peak_hour: float = Field(default=15.0, ge=0, lt=24)
    """Local hour at which the IT power peaks, if it swings [h]."""
    lighting_share: float = Field(default=0.035, ge=0, le=0.2)
    """Lighting, always on, as a share of rated IT power [1]; the middle of 0.02-0.05 for colocation halls (Lei and
    Masanet, Energy 201:117556, 2020)."""
    cooling: Cooling = WaterEconomiser()
    """How the heat leaves."""
    power_chain: PowerChain = DoubleConversion()
    """How the power arrives."""
    transformer: Transformer | None = None
    """The data centre's own transformers, through which all its power comes; none where the grid's low voltage feeds
    it, or where the power chain starts at medium voltage (`panama`)."""
    it_load: ItLoad | None = None
    """Work, servers and growth in detail, instead of `utilisation`, `daily_swing` and `peak_hour`."""
    on_site: OnSite = OnSite()
    """Roof PV, battery and emergency generators."""
    heat_reuse_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the IT energy that leaves as heat someone else uses, for the energy reuse factor [1]; the heat network
    itself is not modelled."""
    deferrable_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the IT power whose work can wait [1]; the rest is served at once."""
    deadline_hours: int | None = Field(default=None, ge=2, le=168)
    """How long such work may wait after it arrives [h]. Default: it may run at any time of its day, also before it
    would have arrived, as work that is known in advance can."""

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
