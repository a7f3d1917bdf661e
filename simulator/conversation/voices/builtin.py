"""The built-in voice: the authored line that best fits what was just said, said once, and exactly repeatable."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from random import Random

from simulator.conversation import asides
from simulator.conversation.likeness import Encoder, Likeness
from simulator.conversation.scene import BUILTIN, Piece, Scene
from simulator.conversation.sentences import sentences
from simulator.domain.persona import Fact, Line

# How much better a line must fit to be preferred to another without the seed deciding.
_TIE = 0.08
# Weights of the three things a line may be like: what its author wrote it for, what was said, what the customer said before.
_AFTER, _SAID, _BEFORE = 1.0, 0.5, 0.15
_MISFIT = -0.3  # what being written for another moment costs a line
_FEWEST_CUED = 0.35  # a line with cues that fit less than this was written for another moment


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    line: str
    main: bool = False
    fact: str | None = None
    also: tuple[str, ...] = ()
    move: str | None = None


class BuiltinVoice:
    """Speaks from the persona's lines. Answers at once; needs no network."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._likeness = Likeness(encoder)

    @property
    def name(self) -> str:
        """Always ``built-in``."""
        return BUILTIN

    async def speak(self, scene: Scene) -> AsyncGenerator[Piece, None]:
        """Say the decision, one sentence a piece."""
        for part in self._parts(scene):
            for index, sentence in enumerate(sentences(part.text)):
                first = index == 0
                yield Piece(
                    sentence,
                    BUILTIN,
                    line=part.line if first and part.main else None,
                    move=part.move,
                    also=(*part.also, *(() if part.main else (part.line,))) if first else (),
                    facts=(part.fact,) if first and part.fact else (),
                )

    def examples(self, scene: Scene, most: int) -> list[Line]:
        """Return the unsaid lines that fit the moment best, best first: what a model is shown of the customer's manner."""
        decision = scene.decision
        lines = tuple(line for fact in decision.facts for line in fact.lines) or decision.lines or decision.asides
        unsaid = self._unsaid(scene, lines)
        fits = self._fit(scene, unsaid)
        order = sorted(range(len(unsaid)), key=lambda index: (-fits[index], index))
        return [unsaid[index] for index in order[:most]]

    # -- composing a turn

    def _parts(self, scene: Scene) -> list[_Part]:
        decision, rng = scene.decision, scene.rng
        room = scene.persona.voice.at_most
        parts: list[_Part] = []
        spent: set[str] = set()
        if decision.facts:
            parts += self._answers(scene, rng, spent)
        elif decision.asides or not decision.lines:
            aside = self._choose(scene, decision.asides, rng, spent)
            parts.append(self._part(scene, aside or self._anything(scene, rng), main=not decision.lines))
        left = room - _length(parts)
        if decision.lines and left > 0:
            line = self._choose(scene, decision.lines, rng, spent, most=left, cut=not parts)
            if line is None and not parts:
                line = self._anything(scene, rng)
            if line is not None:
                body = self._part(scene, line, main=True)
                if decision.joining is not None:
                    body = replace(body, move=decision.joining.id)
                opener = self._opener(scene, rng, spent, body, left)
                parts += [opener, body] if opener else [body]
        if parts and not any(part.main for part in parts):
            parts[0] = replace(parts[0], main=True)
        return _within(parts, room)

    def _part(self, scene: Scene, line: Line, *, main: bool = False, fact: str | None = None) -> _Part:
        return _Part(scene.identity.fill(line.text), line.text, main, fact)

    def _opener(self, scene: Scene, rng: Random, spent: set[str], body: _Part, room: int) -> _Part | None:
        if not scene.decision.openers or _length([body]) >= room or _opened(scene):
            return None
        line = self._choose(scene, scene.decision.openers, rng, spent)
        return self._part(scene, line) if line is not None else None

    def _answers(self, scene: Scene, rng: Random, spent: set[str]) -> list[_Part]:
        parts: list[_Part] = []
        for fact in scene.decision.facts:
            parts.append(self._answer(scene, fact, rng, spent))
        return parts

    def _answer(self, scene: Scene, fact: Fact, rng: Random, spent: set[str]) -> _Part:
        line = self._choose(scene, fact.lines, rng, spent)
        if line is None:
            plain = Line(text=_as_sentence(fact.text))
            line = self._choose(scene, (plain,), rng, spent)
        if line is None:
            told = self._choose(scene, asides.lines(scene.persona, "told", scene.state), rng, spent)
            return self._part(scene, told or self._anything(scene, rng), fact=fact.id)
        text = scene.identity.fill(line.text)
        also: tuple[str, ...] = ()
        if fact.id in scene.state.told:
            again = self._choose(scene, asides.lines(scene.persona, "again", scene.state), rng, spent)
            if again is not None:
                text, also = _after_comma(again.text, text, scene.identity.name), (again.text,)
        return _Part(text, line.text, fact=fact.id, also=also)

    # -- choosing a line

    def _choose(
        self,
        scene: Scene,
        lines: Sequence[Line],
        rng: Random,
        spent: set[str],
        *,
        most: int | None = None,
        cut: bool = True,
    ) -> Line | None:
        """Return the line that fits best; with ``cut``, one that is too long by sentences (``most``) rather than none."""
        unsaid = [line for line in self._unsaid(scene, lines) if line.text not in spent]
        if most is not None:
            short = [line for line in unsaid if len(sentences(line.text)) <= most]
            unsaid = short or (unsaid if cut else [])
        if not unsaid:
            return None
        scores = self._fit(scene, unsaid)
        best = max(scores)
        chosen = rng.choice([line for line, score in zip(unsaid, scores, strict=True) if score >= best - _TIE])
        spent.add(chosen.text)
        return chosen

    def _unsaid(self, scene: Scene, lines: Sequence[Line]) -> list[Line]:
        state = scene.state
        return [
            line
            for line in {line.text: line for line in lines}.values()
            if line.text not in state.lines
            and (line.when is None or line.when.holds(state))
            and not state.has_said(scene.identity.fill(line.text))
        ]

    def _fit(self, scene: Scene, lines: Sequence[Line]) -> list[float]:
        heard = scene.heard
        before = next((turn.text for turn in reversed(scene.turns) if turn.role == "customer"), "")
        texts = [line.text for line in lines]
        said = self._likeness.scores(heard, texts)
        again = self._likeness.scores(before, texts)
        fits: list[float] = []
        for line, like_said, like_before in zip(lines, said, again, strict=True):
            fit = _SAID * like_said + _BEFORE * like_before
            if line.after:
                cued = self._likeness.cue(heard, line)
                fit += _AFTER * cued if cued >= _FEWEST_CUED else _MISFIT
            fits.append(fit)
        return fits

    def _anything(self, scene: Scene, rng: Random) -> Line:
        """Return something to say when every authored line is spent: a plain word or two, put together anew."""
        line = self._choose(scene, asides.lines(scene.persona, "filler", scene.state), rng, set())
        if line is not None:
            return line
        said = set(scene.state.lines)
        for length in itertools.count(2):
            for several in itertools.product(asides.fillers(), repeat=length):
                text = " ".join(each.text for each in several)
                if len(set(several)) == length and text not in said:
                    return Line(text=text)
        raise AssertionError("unreachable")  # pragma: no cover


def _length(parts: Sequence[_Part]) -> int:
    return sum(len(sentences(part.text)) for part in parts)


def _within(parts: Sequence[_Part], room: int) -> list[_Part]:
    """Cut a turn that is too long; the first part is always said in some measure."""
    kept: list[_Part] = []
    for part in parts:
        said = sentences(part.text)[: max(room, 0)]
        if not said:
            break
        kept.append(replace(part, text=" ".join(said)))
        room -= len(said)
    return kept


def _opened(scene: Scene) -> bool:
    last = next((turn for turn in reversed(scene.turns) if turn.role == "customer"), None)
    return last is not None and bool(last.also)


def _as_sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _after_comma(opener: str, text: str, name: str) -> str:
    first = text.split(maxsplit=1)[0].rstrip(",.!?") if text else ""
    keeps = first in ("I", "I'm", "I've", "I'd", "I'll", name) or (len(first) > 1 and first.isupper())
    if not opener.rstrip().endswith((",", ":", "–", "-")):
        return f"{opener} {text}"
    return f"{opener} {text if keeps else text[:1].lower() + text[1:]}"
