from __future__ import annotations

from itertools import product

import numpy as np

from optimizer.studies.budget import most_valuable_set


def test_no_other_set_within_the_budget_is_worth_more():
    rng = np.random.default_rng(5)
    value, cost = rng.uniform(-0.2, 1, 9), rng.uniform(0, 1, 9)
    for budget in (0.0, 0.7, 1.9, 100.0):
        taken = most_valuable_set(value, cost, budget, [[0, 1]])
        assert cost[taken].sum() <= budget + 1e-9
        sets = (np.array(bits, dtype=bool) for bits in product((False, True), repeat=9))
        best = max(value[one].sum() for one in sets if cost[one].sum() <= budget and not one[:2].all())
        assert value[taken].sum() == np.float64(best) or abs(value[taken].sum() - best) < 1e-9


def test_without_any_value_nothing_is_taken():
    assert not most_valuable_set(np.array([0.0, -1.0]), np.zeros(2), 10.0).any()
