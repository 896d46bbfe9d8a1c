"""What a set of emission factors lacks of what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable

from carbon.factors.factor_set import Boundary, FactorSet
from grid.errors import Fault, InputError, nearest


def lacking_factors(
    technologies: Iterable[str], of_whom: str, factors: FactorSet, boundary: Boundary, at: str
) -> tuple[Fault, ...]:
    """One fault that names all technologies for which a set has no factor that holds everywhere, or none.

    Args:
        technologies: Names as in the factor sets.
        of_whom: Who needs them, as the fault says it.
        factors: The set.
        boundary: What its factors are to count; direct ones are needed for life-cycle too.
        at: Place of the set in the input.
    """
    lacking = [name for name in dict.fromkeys(technologies) if not _has(factors, name, {boundary, "direct"})]
    if not lacking:
        return ()
    rule = f"lacks {', '.join(lacking)} ({boundary}), which {of_whom} needs: add rows for them"
    return (Fault(at, rule, factors.name, nearest(lacking[0], factors.technologies)),)


def _has(factors: FactorSet, technology: str, boundaries: Iterable[Boundary]) -> bool:
    try:
        for boundary in boundaries:
            factors.value(technology, boundary)
    except InputError:
        return False
    return True
