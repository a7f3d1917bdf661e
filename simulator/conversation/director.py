"""What the customer does next, by the persona's rules: the same for every voice.

In this order: an ending whose condition holds; urgent moves; a goodbye from the trainee; silence and nonsense; a question that
a fact answers; the first move whose condition holds; what is left to tell; and, when all is spent, a few plain words.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.conversation import asides, closing
from simulator.conversation.inner_state import ANSWERS, ASIDE, OPENING, PROTESTS, InnerState
from simulator.conversation.likeness import CUED_FROM, Encoder, Likeness
from simulator.conversation.questions import FactFinder, Question, implied_facts, questions
from simulator.conversation.scene import Decision
from simulator.conversation.sense import makes_sense
from simulator.domain.persona import Ending, Fact, Identity, Line, Moment, Move, Persona, Scenario
from simulator.domain.transcript import Turn

# How many silences in a row are remarked on before the customer goes on by themselves.
_SILENCES = 2
# Of many questions in one turn, the last ones are kept in mind.
_MOST_QUESTIONS = 4
# What is said to a question that no fact answers, by its sort; to any other, that they do not know.
_MOMENTS: dict[str, Moment] = {
    "extra": "declines", "offer": "accepts", "either": "either", "pay": "pays", "bare": "shrugs", "tag": "agrees", "how_are":
    "agrees",
}  # fmt: skip


class Director:
    """Decides for one persona, scenario and identity. Holds nothing of the conversation itself."""

    def __init__(self, persona: Persona, scenario: Scenario, identity: Identity, encoder: Encoder) -> None:
        self.persona = persona
        self.scenario = scenario
        self.identity = identity
        self.likeness = Likeness(encoder)
        self.facts = _with_implied(persona.known(scenario), implied_facts(scenario, identity))
        self._finder = FactFinder(self.facts, self.likeness)
        self.likeness.learn([text for fact in self.facts for text in (*fact.asked_by, fact.text)])
        self._vocabulary = " ".join(
            (
                *(line.text for move in persona.moves for line in move.lines),
                *(fact.text for fact in self.facts),
                scenario.wants,
                scenario.place,
            )
        )

    def decide(self, turns: Sequence[Turn], state: InnerState) -> Decision:
        """Return what the customer does after these turns, felt as ``state`` says."""
        if state.customer_turns == 0:
            return self._opening()
        heard = turns[-1].text if turns and turns[-1].role == "trainee" else ""
        ending = closing.due(self.persona, state)
        if ending is not None:
            return self._end(ending, state)
        urgent = next((move for move in self.persona.moves if move.urgent and self._open(move, state, heard)), None)
        if "closes" in state.now:
            return self._goodbye(urgent, heard, state)
        if urgent is not None:
            return self._make(urgent, state)
        if state.silent_turns:
            unsaid = state.silent_turns <= _SILENCES
            if "?" in heard or unsaid:
                moment = asides.lines(self.persona, "unclear" if "?" in heard else "silence", state)
                return Decision(ASIDE, "aside", "wonders about the silence", asides=moment)
        elif not makes_sense(heard, self._vocabulary):
            return Decision(
                ASIDE, "aside", "did not understand, and says so", asides=asides.lines(self.persona, "unclear", state)
            )
        asked = tuple(dict.fromkeys(questions(heard)))[-_MOST_QUESTIONS:]
        return self._answer(heard, asked, state) or self._act(heard, asked, state)

    # -- beginnings and ends

    def _opening(self) -> Decision:
        lines = self.scenario.opening or (
            Line(text=f"Hello. I'm here {self.scenario.wants}."),
            Line(text=f"Hi. I've come {self.scenario.wants}."),
        )
        return Decision(OPENING, "opening", f"begins: came {self.scenario.wants}", lines=lines)

    def _end(self, ending: Ending, state: InnerState, *, fits: bool = True) -> Decision:
        lines = self._lines(ending.id, ending.lines) if fits else asides.lines(self.persona, "farewell", state)
        intent = ending.intent or ending.means or "says goodbye and leaves"
        return Decision(ending.id, "ending", intent, lines=lines, ending=ending)

    def _goodbye(self, urgent: Move | None, heard: str, state: InnerState) -> Decision:
        if not state.task_done and state.shown["closes"] == 1:
            if urgent is not None and _mentions(urgent, "closes"):
                return self._make(urgent, state)
            own = next(
                (move for move in self.persona.moves if _mentions(move, "closes") and self._open(move, state, heard)), None
            )
            if own is not None:
                return self._make(own, state)
            return Decision(
                PROTESTS,
                "aside",
                f"is not ready to go: came {self.scenario.wants}",
                asides=asides.lines(self.persona, "protest", state),
            )
        ending, fits = closing.best(self.persona, state)
        return self._end(ending, state, fits=fits)

    # -- answers

    def _answer(self, heard: str, asked: Sequence[Question], state: InnerState) -> Decision | None:
        facts: list[Fact] = []
        for question in asked:
            fact = self._finder.answering(question)
            if fact is not None and fact not in facts and self._may_tell(fact, state):
                facts.append(fact)
        if not facts:
            return None
        again = all(fact.id in state.told for fact in facts)
        joining = (
            None
            if again or state.joined
            else next((each for each in self.persona.moves if each.joins and self._open(each, state, heard)), None)
        )
        return Decision(
            ANSWERS,
            "answer",
            "answers: " + "; ".join(self.identity.fill(fact.text) for fact in facts),
            facts=tuple(facts[: self.persona.voice.at_most]),
            lines=self._lines(joining.id, joining.lines) if joining else (),
            joining=joining,
        )

    def _may_tell(self, fact: Fact, state: InnerState) -> bool:
        return isinstance(fact.tell, str) or fact.tell.holds(state)

    def tellable(self, asked: Sequence[Question], state: InnerState) -> tuple[Fact, ...]:
        """Return the facts that may be in a model's prompt now: told before, free to tell, or near what was just asked."""
        near = [fact for question in asked[-_MOST_QUESTIONS:] for fact in self._finder.near(question)]
        return tuple(
            fact
            for fact in self.facts
            if self._may_tell(fact, state) and (fact.id in state.told or fact.tell == "freely" or fact in near)
        )

    # -- moves

    def _open(self, move: Move, state: InnerState, heard: str) -> bool:
        if move.at_most is not None and state.made[move.id] >= move.at_most:
            return False
        last = state.last_made.get(move.id)
        if last is not None and state.customer_turns - last < move.gap:
            return False
        if move.when is not None and not move.when.holds(state):
            return False
        return any(
            not state.has_said(self.identity.fill(line.text))
            for line in self._lines(move.id, move.lines)
            if line.text not in state.lines
            and (line.when is None or line.when.holds(state))
            and (not move.cued or self.likeness.cue(heard, line) >= CUED_FROM)
        )

    def _lines(self, move_id: str, lines: Sequence[Line]) -> tuple[Line, ...]:
        return (*self.scenario.lines.get(move_id, ()), *lines)

    def _make(self, move: Move, state: InnerState) -> Decision:
        lines = self._lines(move.id, move.lines)
        return Decision(move.id, "move", move.intent, lines=lines, openers=self._openers(move, state))

    def _openers(self, move: Move, state: InnerState) -> tuple[Line, ...]:
        for behaviour, lines in self.persona.openers.items():
            if behaviour in state.now and not _mentions(move, behaviour):
                return lines
        if "greets" in state.now and state.customer_turns <= 1 and not _mentions(move, "greets"):
            return self.persona.asides.get("greeting", ())
        if "thanks" in state.now and not _mentions(move, "thanks"):
            return self.persona.asides.get("thanked", ())
        return ()

    def _act(self, heard: str, asked: Sequence[Question], state: InnerState) -> Decision:
        move = next((each for each in self.persona.moves if self._open(each, state, heard)), None)
        if move is not None and (not asked or self._answers(move, heard, state)):
            return self._make(move, state)
        if asked:
            reply = self._dodge(asked[-1], state)
            joining = move if move is not None and move.joins and not state.joined else None
            lines = self._lines(joining.id, joining.lines) if joining else ()
            return Decision(ASIDE, "aside", "has no answer to that, and says so or dodges", lines, asides=reply, joining=joining)
        left = next((fact for fact in self.facts if fact.tell == "freely" and fact.id not in state.told), None)
        if left is not None:
            return Decision(ANSWERS, "answer", f"mentions: {self.identity.fill(left.text)}", facts=(left,))
        return Decision(ASIDE, "aside", "has little left to say", asides=asides.lines(self.persona, "filler", state))

    def _answers(self, move: Move, heard: str, state: InnerState) -> bool:
        if any(_mentions(move, behaviour) for behaviour in state.now) or (move.when and _uses(move, "asked")):
            return True
        unsaid = [line for line in self._lines(move.id, move.lines) if line.text not in state.lines]
        return self.likeness.cued(heard, unsaid) >= CUED_FROM

    def _dodge(self, question: Question, state: InnerState) -> tuple[Line, ...]:
        moment = _MOMENTS.get(question.sort)
        if moment is not None:
            return asides.lines(self.persona, moment, state)
        return asides.unknown(self.persona, state)


def _mentions(move: Move, behaviour: str) -> bool:
    return move.when is not None and any(call == "said" and name == behaviour for call, name, _ in move.when.calls)


def _uses(move: Move, variable: str) -> bool:
    return move.when is not None and any(name == variable for name, _ in move.when.names)


def _with_implied(own: Sequence[Fact], implied: Sequence[Fact]) -> tuple[Fact, ...]:
    """Add what goes without saying; where an author wrote that fact, it is also found by the questions any trainee asks."""
    added = {fact.id.removeprefix("own-"): fact for fact in implied}
    facts = []
    for fact in own:
        plain = added.pop(fact.id, None)
        facts.append(fact if plain is None else fact.model_copy(update={"asked_by": (*fact.asked_by, *plain.asked_by)}))
    return (*facts, *added.values())
