"""Plain words for the small moments, used after a persona's own have run out (or were never written)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.conversation.inner_state import InnerState
from simulator.domain.persona import Line, Moment, Persona

_PLAIN: Mapping[str, tuple[str, ...]] = {
    "greeting": ("Hello.", "Hi.", "Hi there."),
    "thanked": ("That's all right.", "No problem.", "Not at all."),
    "accepts": (
        "Yes, please.", "Yes, go ahead.", "If you would, yes.", "Sure, that's fine.", "Yes, do.", "All right, yes.",
        "That would be fine.", "OK, yes.",
    ),
    "declines": ("No, thank you.", "No, that's all.", "I'm fine without, thanks.", "Not today.", "No, nothing else."),
    "either": ("Either's fine.", "I don't mind, you choose.", "Whichever's easier for you.", "It's all the same to me.",
    "You decide."),
    "pays": ("Here you are.", "There you go.", "I'll pay by card, if I may.", "Of course, here."),
    "shrugs": ("Oh, never mind.", "It's a long story.", "No reason, really.", "You know how it is.", "It doesn't matter."),
    "agrees": ("Yes.", "I suppose so.", "That's right.", "Yes, it is.", "True.", "Mm, yes.", "Fair enough."),
    "again": ("Like I said,", "As I said,", "Well, as I told you,", "Same as before:", "I did say,"),
    "told": (
        "I've told you that already.", "I've said all I know about that.", "We've been over that.",
        "That's the same question again.",
        "My answer hasn't changed.",
    ),
    "unclear": (
        "Sorry?", "Sorry, I didn't catch that.", "I'm not sure what you mean.", "I don't follow, sorry.", "Come again?",
        "You've lost me, I'm afraid.",
        "Could you say that another way?",
    ),
    "silence": ("Hello?", "Are you still there?", "Did you hear me?", "Is everything all right?", "You've gone quiet."),
    "filler": (
        "Right.", "OK.", "Mm.", "I see.", "Well, there we are.", "Fair enough.", "Right you are.", "So there it is.",
        "All right.", "Mm-hm.", "OK then.",
        "Well.", "I hear you.", "If you say so.", "Could be.", "Hm.", "That's that, then.",
    ),
    "protest": (
        "Hang on, we're not finished here.", "Wait, I still haven't got what I came for.", "Hold on, is that it?",
    ),
    "farewell": ("Right. Goodbye, then.", "Bye, then.", "I'll be off, then. Goodbye."),
    "unknown": (
        "I couldn't tell you.", "I'm not sure, to be honest.", "I don't know about that.", "No idea, sorry.",
        "I can't say, off the top of my head.",
        "I'd have to think about that.", "Hm, I really don't know.", "That I couldn't say.", "I've never thought about it.",
        "Don't ask me.",
        "You've got me there.", "I wouldn't know.",
    ),
}  # fmt: skip


def lines(persona: Persona, moment: Moment, state: InnerState) -> tuple[Line, ...]:
    """Return what can be said in a moment: the persona's own unsaid words, or else the plain ones."""
    return _unsaid(persona.asides.get(moment, ()), state) or _unsaid(_plain(moment), state)


def unknown(persona: Persona, state: InnerState) -> tuple[Line, ...]:
    """Return what can be said to a question that nobody told the customer the answer to."""
    return _unsaid(persona.unknown, state) or _unsaid(_plain("unknown"), state)


def fillers() -> tuple[Line, ...]:
    """Return the plain words that any of which can follow another, for when everything is said."""
    return _plain("filler")


def _plain(moment: str) -> tuple[Line, ...]:
    return tuple(Line(text=text) for text in _PLAIN[moment])


def _unsaid(lines: Sequence[Line], state: InnerState) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.text not in state.lines and (line.when is None or line.when.holds(state)))
