"""Which ending fits: when the customer leaves of their own accord, and how they take a goodbye."""

from __future__ import annotations

from itertools import product

from simulator.conversation.inner_state import InnerState
from simulator.domain.persona import FEELING_MAX, Ending, Persona

# How far feelings must be past a condition for it to end the conversation in its first exchange.
_STRONG = 1.0
_NEAR = 4.0
_MOST_NAMES = 4


def due(persona: Persona, state: InnerState) -> Ending | None:
    """Return the first ending whose condition holds, or ``None``.

    On the first exchange a condition counts only if it would hold with every feeling a point nearer to where it started:
    one odd word does not send anybody away.
    """
    ending = next((each for each in persona.endings if each.when.holds(state)), None)
    if ending is None or state.turn > 1:
        return ending
    nearer = {
        name: value + max(-_STRONG, min(_STRONG, persona.state[name].start - value)) for name, value in state.feelings.items()
    }
    return ending if ending.when.holds(state.leaning(nearer)) else None


def best(persona: Persona, state: InnerState) -> tuple[Ending, bool]:
    """Return the ending nearest to how the customer feels, for when the trainee ends, and whether its lines fit.

    An ending is as far off as the feelings it names must move for its condition to hold at a goodbye; everything else (what
    was ever said, whether the task is done) is as it is. Where none comes near, the outcome decides, and its lines do not fit.
    """
    distances = [
        (distance, index) for index, each in enumerate(persona.endings) if (distance := _distance(each, state)) is not None
    ]
    if distances:
        distance, index = min(distances)
        if distance <= _NEAR:
            return persona.endings[index], True
    order = _outcomes(persona, state)
    index = min(range(len(persona.endings)), key=lambda at: (order.index(persona.endings[at].outcome), at))
    return persona.endings[index], False


def _distance(ending: Ending, state: InnerState) -> float | None:
    names = list(dict.fromkeys(name for name, _ in ending.when.names if name in state.feelings))[:_MOST_NAMES]
    if ending.when.holds(state.leaning({}, parting=True)):
        return 0.0
    for tenths in range(5, int(FEELING_MAX * 10) + 1, 5):
        by = tenths / 10
        for signs in product((0, 1, -1), repeat=len(names)):
            moved = {name: state.feelings[name] + sign * by for name, sign in zip(names, signs, strict=True)}
            if ending.when.holds(state.leaning(moved, parting=True)):
                return by
    return None


def contentment(persona: Persona, state: InnerState) -> float:
    """Return how well the customer feels on the whole, 0–10: the mean of the feelings, counted from their bad end."""
    values = [value if persona.state[name].good == "high" else FEELING_MAX - value for name, value in state.feelings.items()]
    return sum(values) / len(values)


def _outcomes(persona: Persona, state: InnerState) -> tuple[str, str, str]:
    content = contentment(persona, state)
    if not state.task_done:
        return ("mixed", "bad", "good") if content >= 4 else ("bad", "mixed", "good")
    if content >= 6:
        return ("good", "mixed", "bad")
    return ("mixed", "good", "bad") if content >= 4 else ("bad", "mixed", "good")
