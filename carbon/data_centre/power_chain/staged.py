"""Chains of devices in series, from the meter to the servers, each sized for what it passes on and run redundantly."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.power_chain.devices import DEVICES, LOAD_SHARES, loss_points
from carbon.data_centre.power_chain.technology import PowerChainTechnology, Share
from grid.arrays import Floats
from grid.errors import nearest
from grid.spec import Spec

Redundancy = Literal["n", "n_plus_1", "two_n"]


class Stage(Spec):
    """One kind of device in a chain: from the catalogue by name, or by its own points."""

    device: str | None = None
    """Device of the catalogue: `ups_double_conversion`, `ups_modern`, `ups_eco`, `rectifier_240`, `rectifier_336`,
    `panama`, `pdu` or `dc_distribution`. Instead of `efficiencies` and `no_load_loss`."""
    efficiencies: tuple[Annotated[float, Field(gt=0.5, le=1)], ...] | None = None
    """Efficiency at 25, 50, 75 and 100 % of the rating [1], with `no_load_loss`, instead of `device`."""
    no_load_loss: Share | None = None
    """Loss without load, as a share of the rating [1], with `efficiencies`."""
    redundancy: Redundancy = "n"
    """`n`: no redundancy; `n_plus_1`: one spare module, all share the load; `two_n`: two strings, each carrying half
    the load."""
    modules: int = Field(default=4, ge=1, le=100)
    """Number of modules needed at full load [1]; `n_plus_1` adds one."""
    through_share: float = Field(default=1.0, gt=0, le=1)
    """Share of the power that passes through the device [1]; the rest bypasses it without loss."""

    @model_validator(mode="after")
    def _one_source_of_points(self) -> Stage:
        own = (self.efficiencies is not None, self.no_load_loss is not None)
        if self.device is not None and any(own):
            raise ValueError("give either a device of the catalogue or points of your own, not both")
        if self.device is None and not all(own):
            raise ValueError("needs a device of the catalogue, or efficiencies and no_load_loss")
        if self.device is not None and self.device not in DEVICES:
            hint = nearest(self.device, DEVICES)
            raise ValueError(f"no device called {self.device!r}" + (f"; did you mean {hint!r}?" if hint else ""))
        if self.efficiencies is not None and len(self.efficiencies) != len(LOAD_SHARES):
            raise ValueError(f"needs efficiencies at {len(LOAD_SHARES)} loads; got {len(self.efficiencies)}")
        if np.any(np.diff(self.losses) < 0):
            raise ValueError("the loss (load x (1/efficiency - 1)) must not fall where the load rises")
        return self

    @property
    def losses(self) -> Floats:
        """Loss at no load and at 25, 50, 75 and 100 % of the rating, shape (5,), as shares of the rating [1]."""
        if self.device is not None:
            known = DEVICES[self.device]
            return loss_points(known.no_load_loss, known.efficiencies, LOAD_SHARES)
        return loss_points(self.no_load_loss or 0.0, self.efficiencies or (1.0,) * len(LOAD_SHARES), LOAD_SHARES)

    @property
    def installed_ratio(self) -> float:
        """Capacity installed per capacity needed at full load [1]."""
        return {"n": 1.0, "n_plus_1": 1.0 + 1.0 / self.modules, "two_n": 2.0}[self.redundancy]

    def load_share(self, p_out_mw: Floats, p_out_rated_mw: float) -> Floats:
        """Load of each module as a share of its rating, shape of `p_out_mw` [1]."""
        return np.asarray(p_out_mw / (self.installed_ratio * p_out_rated_mw))

    def loss_mw(self, p_out_mw: Floats, p_out_rated_mw: float) -> Floats:
        """Power lost while it passes on `p_out_mw`, sized for `p_out_rated_mw`, shape of `p_out_mw` [MW]."""
        rating_mw = self.through_share * self.installed_ratio * p_out_rated_mw
        load = self.load_share(p_out_mw, p_out_rated_mw)
        return rating_mw * np.interp(load, (0.0, *LOAD_SHARES), self.losses)


class StagedTechnology(PowerChainTechnology):
    """Devices in series; each is sized for the full load of what it feeds, its own losses come on top of that."""

    stages: tuple[Stage, ...]
    """The devices in series, from the meter to the servers."""

    def loss_mw(self, p_it_mw: Floats, p_it_rated_mw: float) -> Floats:
        """Power lost, see `PowerChainTechnology.loss_mw`."""
        p_mw, rated_mw = np.asarray(p_it_mw, dtype=np.float64), p_it_rated_mw
        for stage in reversed(self.stages):
            at_rating = float(stage.loss_mw(np.array([rated_mw]), rated_mw)[0])
            p_mw = p_mw + stage.loss_mw(p_mw, rated_mw)
            rated_mw += at_rating
        return p_mw - p_it_mw

    def loss_by_stage_mw(self, p_it_mw: Floats, p_it_rated_mw: float) -> dict[str, Floats]:
        """Power lost in each stage, shape (T,) each [MW], by its place and device (``1 ups_modern``)."""
        losses: dict[str, Floats] = {}
        for place in range(len(self.stages)):
            behind, all_but = self.stages[place + 1 :], self.stages[place:]
            lost = [Staged(stages=part).loss_mw(p_it_mw, p_it_rated_mw) for part in (all_but, behind)]
            losses[f"{place + 1} {self.stages[place].device or 'own points'}"] = lost[0] - lost[1]
        return losses


class Staged(StagedTechnology):
    """Any devices in series; by default two strings of modern UPS (2N) with distribution units behind them."""

    kind: Literal["staged"] = "staged"
    """Devices in series of your choice."""
    stages: tuple[Stage, ...] = (Stage(device="ups_modern", redundancy="two_n"), Stage(device="pdu"))
    """The devices in series, from the meter to the servers."""


class Hvdc336(StagedTechnology):
    """Rectifiers to 336 V DC, N+1; servers need supplies rated for it."""

    kind: Literal["hvdc_336"] = "hvdc_336"
    """Rectifiers to 336 V DC (N+1); servers need power supplies rated for it."""
    stages: tuple[Stage, ...] = (
        Stage(device="rectifier_336", redundancy="n_plus_1"),
        Stage(device="dc_distribution"),
    )
    """The devices in series, from the meter to the servers."""


class Panama(StagedTechnology):
    """From 10 kV straight to 240 V DC, N+1 modules; it needs no transformer before it (leave `transformer` out)."""

    kind: Literal["panama"] = "panama"
    """One unit from medium-voltage AC to 240 V DC (N+1); leave `transformer` out."""
    stages: tuple[Stage, ...] = (Stage(device="panama", redundancy="n_plus_1"), Stage(device="dc_distribution"))
    """The devices in series, from the meter to the servers."""


class MainsHvdc(StagedTechnology):
    """One feed of mains and one of 240 V DC to each server: only half of the power is converted."""

    kind: Literal["mains_hvdc"] = "mains_hvdc"
    """One feed of unconverted mains and one of 240 V DC to each server: half of the power is converted."""
    stages: tuple[Stage, ...] = (
        Stage(device="rectifier_240", redundancy="n_plus_1", through_share=0.5),
        Stage(device="pdu"),
    )
    """The devices in series, from the meter to the servers."""
