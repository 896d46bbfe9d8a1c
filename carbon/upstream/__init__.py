"""What imports are made of: a simulated region, or a file."""

from carbon.upstream.market.caveats import caveats
from carbon.upstream.market.region import Demand, FuelCost, Region, Technology, load_region, reference_region
from carbon.upstream.market.simulate import simulate_region
from carbon.upstream.readers.csv_file import upstream_from_csv
from carbon.upstream.supply import IMPORT_UNKNOWN, Upstream

__all__ = [
    "IMPORT_UNKNOWN",
    "Demand",
    "FuelCost",
    "Region",
    "Technology",
    "Upstream",
    "caveats",
    "load_region",
    "reference_region",
    "simulate_region",
    "upstream_from_csv",
]
