"""Factors between units, each a plain number that a value in the second unit is multiplied with to get the first.

Inside the packages powers are in MW, energies in MWh, masses in kg; these serve where a file is read, a label is
written, or a formula is stated in another unit.
"""

from __future__ import annotations

from typing import Final

KG_PER_T: Final = 1000.0
G_PER_KG: Final = 1000.0
WH_PER_KWH: Final = 1000.0
KWH_PER_MWH: Final = 1000.0
KW_PER_MW: Final = 1000.0
W_PER_MW: Final = 1e6
GJ_PER_MWH: Final = 3.6
BYTES_PER_MB: Final = 1e6
SECONDS_PER_HOUR: Final = 3600.0
MINUTES_PER_HOUR: Final = 60
MINUTES_PER_DAY: Final = 1440
HOURS_PER_DAY: Final = 24
DAYS_PER_WEEK: Final = 7
DAYS_PER_YEAR: Final = 365
DAYS_PER_JULIAN_YEAR: Final = 365.25
HOURS_PER_MONTH: Final = 730
HOURS_PER_YEAR: Final = 8760
"""Of a year that is not a leap year, by which yearly energies are stated; a month is a twelfth of it."""
ZERO_DEGC_K: Final = 273.15
"""0 °C [K]."""
PERCENT: Final = 100.0
"""Of a share [1]."""
LOW_VOLTAGE_KV: Final = 1.0
"""Rated voltage up to which a grid is one of low voltage [kV] (IEC 60038)."""
LHV_HYDROGEN_MWH_PER_KG: Final = 0.03333
"""Lower heating value of hydrogen [MWh/kg]: 119.96 MJ/kg at 25 °C."""
