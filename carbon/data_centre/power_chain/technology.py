"""The interface of every power chain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import Field

from grid.arrays import Floats
from grid.spec import Spec

Share = Annotated[float, Field(ge=0, le=0.5)]


class PowerChainTechnology(Spec, ABC):
    """A power chain between meter and servers; a subclass is one kind, with a literal field ``kind`` of its own."""

    @abstractmethod
    def loss_mw(self, p_it_mw: Floats, p_it_rated_mw: float) -> Floats:
        """Power lost while servers draw `p_it_mw`, shape (T,) [MW], in a hall rated `p_it_rated_mw` [MW].

        More load never loses less.
        """
