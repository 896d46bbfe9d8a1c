"""What is small is computed once, what is large each time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from grid.kept_if_small import MOST_BYTES, kept_if_small


@dataclass(frozen=True, eq=False)
class Powers:
    n: int
    made: list[int] = field(default_factory=list)

    @kept_if_small
    def pair_mw(self) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays."""
        self.made.append(self.n)
        return np.zeros(self.n), np.zeros(self.n)


@pytest.mark.parametrize(("n", "times"), [(MOST_BYTES // 16, 1), (MOST_BYTES // 16 + 1, 3)])
def test_arrays_up_to_a_size_are_made_once(n: int, times: int) -> None:
    powers = Powers(n)
    found = [powers.pair_mw for _ in range(3)]
    assert len(powers.made) == times
    assert (found[0] is found[1]) is (times == 1)
    assert Powers(n).made == []
