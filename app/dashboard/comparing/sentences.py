"""Which of the compared results to prefer, and what that costs per tonne, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.dashboard.cards import Place, Sentence
from app.dashboard.comparing.chosen import ResultComparison
from app.dashboard.comparing.options import ResultChoice, choice_of, options_of
from app.dashboard.text import counted, figure
from app.dashboard.view import View
from app.studies.differences.abatement import (
    AbatementStep,
    Option,
    frontier_of,
    preferred,
    preferred_by_price,
    steps_along,
)


@dataclass(frozen=True)
class _Named:
    """What the sentences call things.

    Args:
        view: The view, for links.
        labels: Labels of the results by name.
        reference: Name of the result that the others are compared with.
        currency: Currency of all.
    """

    view: View
    labels: Mapping[str, str]
    reference: str
    currency: str

    def link(self, option: Option) -> Place:
        """A result's label, which leads to it."""
        return Place(self.labels[option.name], self.view.link("/", result=option.name))

    def money(self, amount: float) -> str:
        """An amount in the currency of the results."""
        return money(amount, self.currency)

    def per_tonne(self, step: AbatementStep) -> str:
        """What a tonne costs from one option to another."""
        return "—" if step.cost_per_t is None else f"{self.money(step.cost_per_t)}/t"


def frontier_sentences(choices: tuple[ResultChoice, ...], compared: ResultComparison) -> list[Sentence]:
    """What a tonne less costs along the frontier of all that can be chosen, if that is more than is compared."""
    reference = next((one for one in choices if one.name == compared.reference.name), None)
    if reference is None or len(choices) <= len(compared.every):
        return []
    options = options_of(choices, reference, "marginal")
    frontier = frontier_of(options)
    paid = [step.cost_per_t for step in steps_along(frontier) if step.cost_per_t is not None]
    if not paid:
        return []
    words = f"Of {len(choices)} results of this city and period {len(frontier)} are bettered by no other"
    least, most = (money(cost, compared.currency) for cost in (min(paid), max(paid)))
    saved = tonnes(frontier[0].emissions_t - frontier[-1].emissions_t)
    rates = f"{least}/t" if len(paid) == 1 else f"{least}/t to {most}/t"
    return [Sentence((f"{words}: from the cheapest to the cleanest they save {saved}, at {rates}.",), "frontier")]


def advice_on(view: View, compared: ResultComparison) -> list[Sentence]:
    """Which of the results to prefer, at the scenario's price of carbon and at any other.

    Emissions count by marginal intensity, as for decisions; what the inventory says of the same is told after it.
    """
    fit = [one for one in compared.every if not one.reason]
    chosen = tuple(found for one in fit if (found := choice_of(one.name, one.label, one.result)) is not None)
    if len(chosen) < 2 or chosen[0].name != compared.reference.name:
        return [Sentence(("Choose a second result of the same city and period to compare it with this one.",), "alone")]
    named = _Named(view, {one.name: one.label for one in chosen}, chosen[0].name, compared.currency)
    price = float((compared.reference.result.scenario.get("dispatch") or {}).get("carbon_price_per_t") or 0.0)
    marginal = options_of(chosen, chosen[0], "marginal")
    best = preferred(marginal, price)
    return [
        _preferred(best, named, price),
        *_by_price(marginal, named),
        *_per_tonne(marginal, named),
        *_in_inventory(best, options_of(chosen, chosen[0], "average"), named),
        *_limits(compared, best),
    ]


def _preferred(best: Option, named: _Named, price: float) -> Sentence:
    at = f"At the scenario's carbon price of {named.money(price)}/t" if price else "Without a price of carbon"
    if best.name == named.reference:
        return Sentence(
            (f"{at} prefer ", named.link(best), ": the others save too little for what they cost."), "prefer"
        )
    saved = f"saves {tonnes(-best.emissions_t)}" if best.emissions_t < 0 else f"adds {tonnes(best.emissions_t)}"
    same = float(f"{best.cost:.2f}") == 0
    cost = "the same" if same else f"{named.money(abs(best.cost))} {'more' if best.cost > 0 else 'less'}"
    reason = (
        f": against {named.labels[named.reference]} it {saved} by marginal intensity, which is what the change causes, "
        f"and costs {cost}."
    )
    return Sentence((f"{at} prefer ", named.link(best), reason), "prefer")


def _by_price(options: tuple[Option, ...], named: _Named) -> Iterator[Sentence]:
    """From which price of carbon another is the one to prefer."""
    frontier, steps = frontier_of(options), preferred_by_price(options)
    if len(frontier) == 1:
        best = named.labels[frontier[0].name]
        yield Sentence((f"At any price of carbon {best} is best: it costs the least and emits the least.",), "by-price")
    if steps:
        words = ", ".join(f"{named.labels[step.end.name]} from {named.per_tonne(step)}" for step in steps)
        first = f"At lower carbon prices {named.labels[steps[0].start.name]} is best, {words}."
        yield Sentence((first,), "by-price")


def _per_tonne(options: tuple[Option, ...], named: _Named) -> Iterator[Sentence]:
    """What a tonne costs from each result on the frontier to the next."""
    for step in steps_along(frontier_of(options)):
        start, end = (named.labels[one.name] for one in (step.start, step.end))
        saved, cost = tonnes(step.saved_t), named.money(step.added_cost)
        words = f"From {start} to {end} a tonne costs {named.per_tonne(step)}: {saved} less for {cost} more."
        yield Sentence((words,), "per-tonne")


def _in_inventory(best: Option, options: tuple[Option, ...], named: _Named) -> Iterator[Sentence]:
    """What the inventory says of the result to prefer."""
    if best.name == named.reference:
        return
    step = AbatementStep(options[0], next(one for one in options if one.name == best.name))
    words = f"{tonnes(abs(step.saved_t))} {'less' if step.saved_t >= 0 else 'more'}"
    if step.cost_per_t is not None and step.cost_per_t > 0:
        words += f", at {named.per_tonne(step)}"
    yield Sentence((f"In the inventory, by average intensity, {named.labels[best.name]} emits {words}.",), "inventory")


def _limits(compared: ResultComparison, best: Option) -> Iterator[Sentence]:
    """Whether the one to prefer keeps its limits."""
    one = next(one for one in compared.every if one.name == best.name)
    steps, before = (int(r.result.summary.get("violation_steps") or 0) for r in (one, compared.reference))
    if steps:
        against = "" if one is compared.reference else f", {compared.reference.label} in {before}"
        yield Sentence((f"Mind that {one.label} passes a limit in {counted(steps, 'step')}{against}.",), "limits")
    elif before:
        words = (
            f"Every limit is kept by {one.label}; {compared.reference.label} passes one in {counted(before, 'step')}."
        )
        yield Sentence((words,), "limits")


def tonnes(amount: float) -> str:
    """Tonnes with at least three digits that count."""
    digits = next((digits for digits, least in enumerate((100, 10, 1, 0.1)) if abs(amount) >= least), 4)
    return f"{figure(amount, digits)} t"


def money(amount: float, currency: str) -> str:
    """An amount of money; cents only of small ones."""
    return f"{figure(amount, 0 if abs(amount) >= 9.5 else 2)} {currency}"
