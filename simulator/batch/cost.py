"""What a run costs: prices, an estimate before it, and a purse that is not overdrawn while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator.domain.grade import Usage
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript

A_MILLION = 1_000_000
# Prompt caches keep beginnings of at least so many tokens (OpenAI's documentation; others keep from the same length on).
LEAST_CACHED_TOKENS = 1024


@dataclass(frozen=True)
class Price:
    """What a million tokens cost. ``cached`` is for those of the question that the endpoint's prompt cache held."""

    input: float
    output: float
    cached: float | None = None
    currency: str = "USD"

    def of(self, usage: Usage) -> float:
        """Return what these tokens cost."""
        cached = min(usage.cached_tokens, usage.input_tokens)
        return self.of_tokens(usage.input_tokens - cached, cached, usage.output_tokens)

    def of_tokens(self, fresh: float, cached: float, output: float) -> float:
        """Return what so many tokens cost: of the question (fresh, and from the prompt cache) and of the answer."""
        from_cache = self.input if self.cached is None else self.cached
        return (fresh * self.input + cached * from_cache + output * self.output) / A_MILLION


def mean_price(prices: Sequence[Price]) -> Price | None:
    """Return the price of a call to any of several models that are asked equally often; ``None`` without any.

    Raises :class:`ValueError` where they are not in one currency.
    """
    if not prices:
        return None
    if len({price.currency for price in prices}) > 1:
        raise ValueError("prices in several currencies cannot be added up")
    count = len(prices)
    return Price(
        input=sum(each.input for each in prices) / count,
        output=sum(each.output for each in prices) / count,
        cached=sum(each.input if each.cached is None else each.cached for each in prices) / count,
        currency=prices[0].currency,
    )


class Purse:
    """Money for a run: what is spent, what calls under way may yet cost, and how much there is in all.

    ``bound`` returns the most that judging a transcript against some rubrics is expected to cost. When a call turns out dearer
    than that, so are all that follow. ``spent`` begins with what earlier runs cost.
    """

    def __init__(
        self,
        price: Price,
        budget: float | None,
        bound: Callable[[Transcript, Sequence[Rubric]], float] = lambda _transcript, _rubrics: 0.0,
        *,
        spent: float = 0.0,
    ) -> None:
        self.price = price
        self.budget = budget
        self.spent = spent
        self.reserved = 0.0
        self._bound = bound
        self._dearer = 1.0

    def bound(self, transcript: Transcript, rubrics: Sequence[Rubric]) -> float:
        """Return what is to be set aside for a judgement; 0 where there is no budget to keep to."""
        return 0.0 if self.budget is None else self._bound(transcript, rubrics) * self._dearer

    def reserve(self, amount: float) -> bool:
        """Set an amount aside; return whether there was enough."""
        if self.budget is not None and self.spent + self.reserved + amount > self.budget:
            return False
        self.reserved += amount
        return True

    def settle(self, reserved: float, spent: float) -> None:
        """Put what was set aside back, and take out what was really spent."""
        self.reserved = max(0.0, self.reserved - reserved)
        self.spent += spent
        if reserved and spent > reserved:
            self._dearer *= spent / reserved


def cacheable(fixed_tokens: int) -> int:
    """Return how many tokens of the fixed beginning of a prompt an endpoint's prompt cache can keep."""
    return fixed_tokens if fixed_tokens >= LEAST_CACHED_TOKENS else 0
