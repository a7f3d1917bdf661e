"""The model voice: a language model finds the words, and the guard hears them first."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from simulator.conversation import prompt
from simulator.conversation.guard import Guard, Slip
from simulator.conversation.role_talk import RoleTalk
from simulator.conversation.scene import Piece, Scene
from simulator.conversation.sentences import SentenceStream, content, words
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.models.errors import ModelError

if TYPE_CHECKING:
    from simulator.models.chat import LanguageModel

# A reply is allowed so many tokens a sentence; people at a counter do not say more.
_TOKENS_A_SENTENCE = 40
_MOST_CHARACTERS = 1200  # of one reply, whatever its tokens: an endless stream is left
_TEMPERATURES = (0.8, 0.4)
_SHORT_WORDS = 4  # a first sentence shorter than this waits for the next: "Of course!" says nothing by itself
_EXAMPLES = 4
# Failures of a reply, not of the endpoint: asking again may help, and the authored line always does.
_SLIPS_OF_A_MODEL = frozenset({"empty", "malformed", "cut_off", "too_long"})
_TOLD_FROM = 0.5


class _SlipError(Exception):
    """The reply must not be shown."""

    def __init__(self, slip: Slip) -> None:
        super().__init__(slip)
        self.slip = slip


class ModelVoice:
    """Asks a model; after a slip once more with a reminder; after a second slip the authored line is said instead."""

    def __init__(self, model: LanguageModel, fallback: BuiltinVoice) -> None:
        self._model = model
        self._fallback = fallback
        self._talk = RoleTalk(fallback.encoder)
        prompt.prepare()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    async def speak(self, scene: Scene) -> AsyncGenerator[Piece, None]:
        """Say the decision sentence by sentence, each heard by the guard first.

        Raises :class:`ModelError` when the endpoint fails; what was yielded before stands.
        """
        guard = Guard(scene, self._talk)
        reminder = ""
        for attempt, temperature in enumerate(_TEMPERATURES):
            spoken: list[str] = []
            try:
                async with aclosing(self._sentences(scene, guard, reminder, temperature, attempt)) as passed:
                    async for text in passed:
                        spoken.append(text)
                        yield Piece(text, self._model.name, line=None, facts=self._told(scene, text))
                if spoken:
                    return
                slip: Slip = "empty"
            except _SlipError as error:
                slip = error.slip
            yield Piece("", self._model.name, slips=(slip,))
            if spoken:
                return
            reminder = _REMINDERS.get(slip, _REMIND)
        async with aclosing(self._fallback.speak(scene)) as pieces:
            async for piece in pieces:
                yield piece

    async def _sentences(
        self, scene: Scene, guard: Guard, reminder: str, temperature: float, attempt: int
    ) -> AsyncGenerator[str, None]:
        """Yield the sentences of one reply that the guard lets through; raise :class:`_SlipError` at the first it does not."""
        room = scene.persona.voice.at_most
        passed: list[str] = []
        waiting = ""
        async with aclosing(self._raw(scene, reminder, temperature, attempt)) as raw:
            async for sentence in raw:
                heard = guard.hear(sentence, passed)
                if heard.slip is not None:
                    raise _SlipError(heard.slip)
                if not heard.text:
                    continue
                passed.append(heard.text)
                waiting = f"{waiting} {heard.text}".strip()
                if len(words(waiting)) < _SHORT_WORDS and len(passed) < room:
                    continue
                yield waiting
                waiting = ""
                if len(passed) >= room:
                    return
        if waiting:
            yield waiting

    async def _raw(self, scene: Scene, reminder: str, temperature: float, attempt: int) -> AsyncGenerator[str, None]:
        """Yield whole sentences as the model said them."""
        stream = SentenceStream()
        length = 0
        seed = random.Random(f"{scene.seed}:{attempt}").getrandbits(31)
        reply = self._model.stream(
            prompt.messages(scene, self._fallback.examples(scene, _EXAMPLES), reminder, prompt.HISTORY_TOKENS >> 2 * attempt),
            max_tokens=_TOKENS_A_SENTENCE * scene.persona.voice.at_most + 10,
            temperature=temperature,
            stop=("\n\n", f"{prompt.label(scene)}:"),
            seed=seed,
        )
        cut = False
        try:
            async with aclosing(reply):
                async for piece in reply:
                    length += len(piece)
                    for sentence in stream.feed(piece):
                        yield sentence
                    if length > _MOST_CHARACTERS:
                        cut = True
                        break
            cut = cut or reply.finish_reason == "length"
        except ModelError as error:
            if error.kind not in _SLIPS_OF_A_MODEL:
                raise
            cut = True
        rest = stream.rest()
        # What a length limit cut off in the middle is not a sentence.
        if rest and not (cut and not rest.endswith((".", "!", "?", "…", '"', "'"))):
            yield rest

    @staticmethod
    def _told(scene: Scene, text: str) -> tuple[str, ...]:
        said = content(text)
        told = []
        for fact in (*scene.decision.facts, *scene.facts):
            forms = [content(scene.identity.fill(form)) for form in (fact.text, *(line.text for line in fact.lines))]
            if any(form and len(form & said) / len(form) >= _TOLD_FROM for form in forms):
                told.append(fact.id)
        return tuple(dict.fromkeys(told))


_REMIND = "Say only what fits the role, in other words than before."
_REMINDERS: dict[Slip, str] = {
    "staff": "Do not serve, offer, check or ask for papers: only want, answer, react.",
    "assistant": "Do not offer help and do not speak about this exercise: only want, answer, react.",
    "narration": "Only spoken words, no gestures.",
    "other_speaker": "Only one line, with no name before it.",
    "repeat": "Say something new.",
    "echo": "Do not give the same words back: answer them.",
    "invents": "Keep to what is known.",
    "evades": "Answer with what is known.",
    "goodbye": "It is not time to leave yet.",
    "too_long": "One short sentence.",
    "language": "In English.",
    "markup": "Plain spoken words only.",
}
