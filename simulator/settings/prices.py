"""What models cost, as the user wrote it down: prices change, so none ship."""

from __future__ import annotations

from simulator.settings.places import config_file
from simulator.settings.shape import ModelPrice, Settings


def price_of(settings: Settings, model: str) -> ModelPrice | None:
    """Return the price of a model by its name, capitals aside; ``None`` where none is set: it is never guessed."""
    wanted = model.strip().casefold()
    return next((price for name, price in settings.prices.items() if name.strip().casefold() == wanted), None)


def price_hint(model: str) -> str:
    """Return how the price of a model is set; the numbers are an example."""
    name = model.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"Set what a million tokens cost, from your provider's list, in {config_file()}, for instance:\n"
        f'[prices."{name}"]\ninput = 2.00\ncached = 0.50\noutput = 8.00\ncurrency = "USD"\nbatch = 0.5'
    )
