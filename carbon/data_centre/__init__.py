"""A data centre whose PUE follows the weather and the load."""

from __future__ import annotations

from carbon.data_centre.metrics import Metrics, metrics
from carbon.data_centre.outdoor_air import OutdoorAir
from carbon.data_centre.simulate import Facility, FacilityModel, facility, it_demand_mw
from carbon.data_centre.spec import DataCentre

__all__ = ["DataCentre", "Facility", "FacilityModel", "Metrics", "OutdoorAir", "facility", "it_demand_mw", "metrics"]
