"""Inside the customer: every feeling, what was just heard, and what they did about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from simulator.domain.text import clean
from simulator.tui.widgets.words import BAD, GOOD, QUIET, STRONG, Words, signed

if TYPE_CHECKING:
    from simulator.conversation.session import Session
    from simulator.domain.transcript import Moved, Turn

_BAR = 10


class Inside(VerticalScroll):
    """The live inner state of a session, for authors."""

    HELP = """
    ## Inside the customer

    Each feeling, 0 to 10, with how it moved in the last turn of yours and since. Below it the behaviours heard in what you
    said, strongest first, with the words that show them (those in grey are too faint to count), and the move the customer made.
    """

    def compose(self) -> ComposeResult:
        """One text is all there is."""
        yield Words(id="inside-words")

    def show(self, session: Session) -> None:
        """Show where the session stands now."""
        self.query_one("#inside-words", Words).update(inside(session))


def inside(session: Session) -> Content:
    """Return the inner state in words and bars."""
    turns = session.transcript.turns
    heard = next((turn for turn in reversed(turns) if turn.role == "trainee"), None)
    made = next((turn for turn in reversed(turns) if turn.role == "customer" and not turn.partial), None)
    since = _since(turns)
    parts: list[str | tuple[str, str]] = [("Inner state\n", STRONG)]
    width = max((len(name) for name in session.persona.state), default=0)
    for name, value in session.state.items():
        by = sum(each.by for each in since if each.feeling == name)
        good = (by > 0) == (session.persona.state[name].good == "high")
        filled = round(value)
        parts.append(f"{name:<{width}} {'▰' * filled}{'▱' * (_BAR - filled)} {value:4.1f}")
        parts.append((f" {signed(round(by, 1))}\n", GOOD if good else BAD) if round(by, 1) else "\n")
    parts.append((f"{'task done' if session.task_done else 'task not done yet'}\n", QUIET))
    parts.append(("\nJust heard\n", STRONG))
    parts += _heard(heard)
    parts.append(("\nMove taken\n", STRONG))
    parts += _made(made, session)
    return Content.assemble(*parts)


def _since(turns: list[Turn]) -> list[Moved]:
    """Return what moved with the trainee's last turn and after it."""
    moved: list[Moved] = []
    for turn in reversed(turns):
        moved += turn.moved
        if turn.role == "trainee":
            return moved
    return []


def _heard(turn: Turn | None) -> list[str | tuple[str, str]]:
    if turn is None or not turn.behaviours:
        return [("nothing yet\n" if turn is None else "nothing the catalogue knows\n", QUIET)]
    parts: list[str | tuple[str, str]] = []
    for each in turn.behaviours:
        effects = [f"{moved.feeling} {signed(round(moved.by, 1))}" for moved in turn.moved if moved.because == each.id]
        parts.append((f"{each.id} {each.strength:.2f}\n", "" if each.shown else QUIET))
        if each.quote:
            parts.append((f"  “{clean(each.quote, keep_newlines=False)}”\n", QUIET))
        if effects:
            parts.append((f"  {', '.join(effects)}\n", ""))
    return parts


def _made(turn: Turn | None, session: Session) -> list[str | tuple[str, str]]:
    if turn is None or turn.move is None:
        return [("none yet\n", QUIET)]
    persona = session.persona
    move, ending = persona.by_move.get(turn.move), persona.by_ending.get(turn.move)
    kind = " (an ending)" if ending is not None else ("" if move is not None else " (the engine's own)")
    parts: list[str | tuple[str, str]] = [(turn.move, "bold $accent"), f"{kind}\n"]
    condition = move.when if move is not None else ending.when if ending is not None else None
    if condition is not None:
        parts.append((f"  when {condition}\n", QUIET))
    told = turn.facts or ((turn.fact,) if turn.fact else ())
    if told:
        parts.append((f"  tells {', '.join(told)}\n", QUIET))
    if turn.slips:
        parts.append((f"  held back: {', '.join(turn.slips)}\n", BAD))
    return parts
