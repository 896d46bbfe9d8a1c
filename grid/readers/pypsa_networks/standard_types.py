"""Standard types that PyPSA brings along and pandapower has otherwise, or not at all.

PyPSA took its types from pandapower, which changed some since. A file names a type of PyPSA's without stating it.
Source: PyPSA 1.2.4, `data/standard_types` (MIT licence); the types of lines after D. Oeding and B. R. Oswald,
*Elektrische Kraftwerke und Netze*, Springer, 2011, chapter 9, as cited there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_LINES: Final = (
    ("Al/St 240/40 2-bundle 220.0", 0.06, 0.301, 12.5, 1.29),
    ("Al/St 240/40 3-bundle 300.0", 0.04, 0.265, 13.2, 1.935),
    ("Al/St 240/40 4-bundle 380.0", 0.03, 0.246, 13.8, 2.58),
    ("Al/St 490/64 4-bundle 380.0", 0.015, 0.16, 16.5, 3.84),
    ("HTLS 4-bundle 380.0", 0.02, 0.26, 13.9, 4.0),
    ("Al/St 560/50 4-bundle 750.0", 0.013, 0.276, 13.13, 4.16),
)
"""Name, resistance and reactance [ohm/km], capacitance [nF/km] and rated current [kA]; all for 50 Hz."""
_TRANSFORMERS: Final = (
    ("25 MVA 110/10 kV", 10.04, 0.276, 28.51, 0.073),
    ("25 MVA 110/20 kV", 11.2, 0.282, 29.0, 0.071),
    ("40 MVA 110/10 kV", 10.04, 0.295, 30.45, 0.076),
    ("40 MVA 110/20 kV", 11.2, 0.302, 31.0, 0.08),
    ("63 MVA 110/10 kV", 10.04, 0.31, 31.51, 0.078),
    ("63 MVA 110/20 kV", 11.2, 0.322, 33.0, 0.086),
)
"""Name, short-circuit voltage and its resistive part [%], iron losses [kW] and open-loop current [%]."""
OF_PYPSA: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "line": {name: {"r_ohm_per_km": r, "x_ohm_per_km": x, "c_nf_per_km": c, "max_i_ka": i, "f_hz": 50.0}
             for name, r, x, c, i in _LINES},
    "trafo": {name: {"vk_percent": vk, "vkr_percent": vkr, "pfe_kw": pfe, "i0_percent": i0}
              for name, vk, vkr, pfe, i0 in _TRANSFORMERS},
}  # fmt: skip
"""By table of pandapower and name of the type, in pandapower's columns; of transformers, those that differ."""
