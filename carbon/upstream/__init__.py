"""What imports are made of: a simulated region, or a file."""

from carbon.upstream.currency import currency_doubt
from carbon.upstream.market.caveats import caveats
from carbon.upstream.market.region import REFERENCE, Demand, Region, Trade, load_region, reference_region
from carbon.upstream.market.scores import score_sentence
from carbon.upstream.market.simulate import simulate_region
from carbon.upstream.market.sites import region_sites
from carbon.upstream.market.technology import FuelCost, Technology
from carbon.upstream.readers.csv_file import upstream_from_csv
from carbon.upstream.supply import IMPORT_UNKNOWN, Upstream

__all__ = [
    "IMPORT_UNKNOWN",
    "REFERENCE",
    "Demand",
    "FuelCost",
    "Region",
    "Technology",
    "Trade",
    "Upstream",
    "caveats",
    "currency_doubt",
    "load_region",
    "reference_region",
    "region_sites",
    "score_sentence",
    "simulate_region",
    "upstream_from_csv",
]
