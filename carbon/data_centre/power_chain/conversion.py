"""Chains of one kind of conversion device whose loss is a parabola of its load.

A device loses ``P_rated (a + b l + c l²)`` at a load ``l`` of its rating: something even when idle, something in
proportion to the current, something with its square [1]. The meter is on the low-voltage side: where the data centre
owns its transformers, `DataCentre.transformer` adds their losses.

References:
    [1] N. Rasmussen, "Electrical efficiency modeling for data centers" and "Electrical efficiency measurement for data
        centers", Schneider Electric white papers 113 and 154 (form of the loss; read in abstract only).
    [2] Illustrative efficiencies of a double-conversion UPS at 10, 20 ... 100 % of its rating, secondary source:
        .85 .90 .93 .945 .955 .96 .962 .96 .955 .95. The defaults of `DoubleConversion` are the least-squares fit,
        with coefficients that are not negative, to the losses that follow from them.
    [3] Makers' figures, unverified: 98-99 % in eco mode; at least 97.5 % for 240 V DC rectifiers.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from carbon.data_centre.power_chain.technology import PowerChainTechnology, Share
from grid.arrays import Floats


class ConversionChain(PowerChainTechnology):
    """Conversion devices that lose ``a + b l + c l²`` of their rating, and distribution in series behind them."""

    no_load_loss: Share
    """Constant loss of the conversion devices, as a share of their rating [1]."""
    proportional_loss: Share
    """Loss in proportion to the load, at full load, as a share of the rating [1]."""
    square_loss: Share
    """Loss with the square of the load, at full load, as a share of the rating [1]."""
    installed_ratio: float = Field(ge=1, le=4)
    """Installed conversion capacity per capacity needed at rated IT power [1]; 1 is N, 2 is 2N."""
    distribution_loss: Share
    """Loss of switchgear, cables and distribution units behind the conversion, as a share of the power entering them
    [1]."""

    def loss_mw(self, p_it_mw: Floats, p_it_rated_mw: float) -> Floats:
        """Power lost, see `PowerChainTechnology.loss_mw`."""
        delivered_mw = p_it_mw / (1.0 - self.distribution_loss)
        rating_mw = self.installed_ratio * p_it_rated_mw / (1.0 - self.distribution_loss)
        load = delivered_mw / rating_mw
        converted = self.no_load_loss + self.proportional_loss * load + self.square_loss * load**2
        return delivered_mw - p_it_mw + rating_mw * converted


class DoubleConversion(ConversionChain):
    """Two strings of double-conversion UPS (2N), each at half load at most; an illustrative fit (unverified)."""

    kind: Literal["double_conversion"] = "double_conversion"
    """Double-conversion UPS: always from AC to DC and back; two strings (2N)."""
    no_load_loss: Share = 0.01738
    """Constant loss of the UPS as a share of its rating [1]; fitted to illustrative efficiencies (unverified)."""
    proportional_loss: Share = 0.0
    """Loss in proportion to the load, at full load, as a share of the rating [1]; the fit gives 0."""
    square_loss: Share = 0.03026
    """Loss with the square of the load, at full load, as a share of the rating [1]; fitted to illustrative efficiencies
    (unverified)."""
    installed_ratio: float = Field(default=2.0, ge=1, le=4)
    """Installed UPS capacity per capacity needed at rated IT power [1]; 1 is N, 2 is 2N."""
    distribution_loss: Share = 0.035
    """Loss of the distribution behind the UPS, as a share of the power entering it [1]. Colocation: 0.02-0.05."""


class EcoMode(ConversionChain):
    """Two strings of UPS (2N), bypassed while the mains supply is good: 98.4 % at half load (makers, unverified)."""

    kind: Literal["eco_mode"] = "eco_mode"
    """UPS in eco mode: the mains supply passes through and is converted only when it fails; two strings (2N)."""
    no_load_loss: Share = 0.006
    """Constant loss of the UPS as a share of its rating [1] (unverified)."""
    proportional_loss: Share = 0.002
    """Loss in proportion to the load, at full load, as a share of the rating [1] (unverified)."""
    square_loss: Share = 0.004
    """Loss with the square of the load, at full load, as a share of the rating [1] (unverified)."""
    installed_ratio: float = Field(default=2.0, ge=1, le=4)
    """Installed UPS capacity per capacity needed at rated IT power [1]; 1 is N, 2 is 2N."""
    distribution_loss: Share = 0.035
    """Loss of the distribution behind the UPS, as a share of the power entering it [1]. Colocation: 0.02-0.05."""


class Hvdc240(ConversionChain):
    """Rectifiers to 240 V DC with the battery on the bus (N+1): 97.6-97.8 % from half load (makers, unverified)."""

    kind: Literal["hvdc_240"] = "hvdc_240"
    """Rectifiers to 240 V DC, which ordinary server power supplies accept, with the battery on the DC bus (N+1)."""
    no_load_loss: Share = 0.005
    """Constant loss of the rectifiers as a share of their rating [1] (unverified)."""
    proportional_loss: Share = 0.010
    """Loss in proportion to the load, at full load, as a share of the rating [1] (unverified)."""
    square_loss: Share = 0.008
    """Loss with the square of the load, at full load, as a share of the rating [1] (unverified)."""
    installed_ratio: float = Field(default=1.25, ge=1, le=4)
    """Installed rectifier capacity per capacity needed at rated IT power [1]; 1.25 is four modules and one spare."""
    distribution_loss: Share = 0.01
    """Loss of the DC distribution behind the rectifiers, as a share of the power entering it [1]. New halls: 0-0.02."""
