"""Listens to a model's words before the trainee does: in role, nothing leaked, nothing that is not speech."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from simulator.conversation import prompt
from simulator.conversation.role_talk import RoleTalk, assistant_talk, says_goodbye
from simulator.conversation.scene import Scene
from simulator.conversation.sense import speaks_english
from simulator.conversation.sentences import content, overlap, repeats, sentences, words
from simulator.domain.text import clean, fold
from simulator.language import english

Slip = Literal[
    "staff",  # spoke as the one who serves
    "assistant",  # spoke as a program, or about the exercise
    "narration",  # told what happens instead of saying something
    "other_speaker",  # went on as somebody else
    "leak",  # said what is not for the trainee: feelings as numbers, the prompt, a fact not to be told yet
    "repeat",  # said it before
    "echo",  # gave the trainee's words or question back
    "invents",  # answered with a number nobody told them
    "evades",  # was to answer from a fact and spoke of something else
    "goodbye",  # left, when the customer is not leaving
    "too_long",  # a sentence without end
    "language",  # another language
    "explicit",
    "markup",  # code, a list, a table, a link
    "empty",
]

MOST_WORDS = 60  # in a sentence

_STAGE = re.compile(r"\*[^*\n]{1,200}\*|\[[^\]\n]{1,200}\]|\([^)\n]{1,200}\)|<[^>\n]{1,100}>|_[^_\n]{2,200}_(?=\W|$)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*|__([^_\n]+)__")
_LABEL = re.compile(r"^\s*([A-Z][\w' -]{0,30}?)\s*(?:\([^)]*\)\s*)?:\s+(?=\S)|^\s*([A-Z][A-Z' -]{1,30})\s*:\s*")
_CODE = re.compile(
    r"```|^\s*(?:#{1,6} |[-*•] |\d+[.)] |\|)|https?://|</?\w+>|[{}\\]|^\s*[\[\]]|(?:^|\s)(?:def|class"
    r"|import|return|print) ?\w*\("
)
_NARRATION = re.compile(
    r"\b(?:she|he|they|the customer|{name}) (?:then |slowly |quickly |softly |gently )?(?:says?|said|sighs?|smiles?"
    r"|smiled|looks?|looked|leans?|laughs?|laughed|nods?|nodded|shrugs?"
    r"|replies|replied|asks|asked|responds|responded|walks|walked|turns|turned|pauses|paused|chuckles|grins|frowns"
    r"|winks|blushes|hands|continues)\b(?! (?:to me|me|i|it)\b)"
)  # fmt: skip
_META = re.compile(
    r"\b(?:inner state|state of mind:|intent|system prompt|the (?:prompt|scenario|persona|trainee|transcript|script)"
    r"|stay(?:ing)? in (?:role|character)|my character|the character"
    r"|(?:one|two|three|\d) (?:short )?sentences?)\b|\b\d+(?:\.\d+)?\s*(?:/|out of)\s*10\b"
)  # fmt: skip
_EXPLICIT = re.compile(
    r"\b(?:fuck(?:ing|ed|er)?|cock|dick|pussy|cunt|blowjob|cum|cumming|orgasm|erection|penis|vagina|nipples?|boobs?"
    r"|tits|naked|nude|horny|masturbat\w+|thrust(?:ing)?|"
    r"sex(?:ual|ually|y time)?|make love|undress\w*|bedroom eyes|moan(?:ing|ed)?)\b"
)  # fmt: skip
_SAME_QUESTION, _SAME_WORDS = 0.5, 0.7
_SMALL_WORDS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen
"""
_SMALL = _SMALL_WORDS.split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBER = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<unit>{'|'.join(_SMALL[1:10])}))?|(?P<small>{'|'.join(_SMALL)})"
    rf"|(?P<digits>\d+))\b"
)
_QUOTE_MARKS = '"\u201c\u201d\u00ab\u00bb'


@dataclass(frozen=True, slots=True)
class Heard:
    """What the guard made of a sentence: the words that may be shown (perhaps none), or why they may not."""

    text: str
    slip: Slip | None = None


class Guard:
    """Listens for one scene."""

    def __init__(self, scene: Scene, talk: RoleTalk) -> None:
        self._scene = scene
        self._talk = talk
        persona, identity = scene.persona, scene.identity
        self._own = {fold(each) for each in (identity.name, persona.name, persona.role, "customer", "me", "reply")}
        # The customer does not speak of themself by name, nor claim the trainee's job.
        self._own_story = re.compile(
            rf"^{re.escape(fold(identity.name))}(?:'s \w+| (?:is|was|has|had|does|did|will|would|knows|feels|thinks|says"
            rf"|said|starts))\b"
        )
        self._own_job = re.compile(rf"\b(?:i'm|i am|it's|as) (?:a|an|the|your) {re.escape(fold(scene.scenario.trainee))}\b")
        self._prompt = sentences(prompt.system(scene))
        self._narration = re.compile(_NARRATION.pattern.replace("{name}", re.escape(fold(identity.name))))
        allowed = {fact.id for fact in scene.facts} | {fact.id for fact in scene.decision.facts}
        open_words = content(
            " ".join([scene.heard, scene.scenario.wants, scene.scenario.place, *(turn.text for turn in scene.turns)])
        )
        told = content(" ".join(fact.text for fact in persona.known(scene.scenario) if fact.id in allowed))
        self._withheld = [
            secret
            for fact in persona.known(scene.scenario)
            if fact.id not in allowed and not isinstance(fact.tell, str)
            for secret in (content(scene.identity.fill(fact.text)) - open_words - told,)
            if len(secret) >= 2
        ]
        self._answers = [
            scene.identity.fill(form)
            for fact in scene.decision.facts
            for form in (fact.text, *(line.text for line in fact.lines), *fact.asked_by)
        ]
        self._numbers = numbers(
            " ".join((scene.heard, scene.scenario.wants, *self._answers, *(fact.text for fact in scene.facts)))
        )
        self._english = speaks_english(" ".join(line.text for move in persona.moves for line in move.lines))

    def strip(self, sentence: str) -> str:
        """Return a sentence without what is not speech: stage directions, the customer's own label, quotation marks, emphasis."""
        text = clean(sentence, keep_newlines=False).strip()
        text = _BOLD.sub(lambda match: match[1] or match[2], text)
        text = _STAGE.sub(" ", text)
        label = _LABEL.match(text)
        if label and self._is_own(label[1] or label[2]):
            text = text[label.end() :]
        text = " ".join(text.split()).strip()
        if text.endswith(":") and self._is_own(text[:-1]):
            return ""
        for mark in _QUOTE_MARKS:
            if text.count(mark) == 1 or (text.startswith(mark) and text.endswith(mark)):
                text = text.strip(mark)
        if text.startswith(("\u201c", '"')) and text.endswith(("\u201d", '"')):
            text = text[1:-1]
        return text.strip().removeprefix("- ").removeprefix("– ").strip()

    def _is_own(self, label: str) -> bool:
        return fold(label) in self._own

    def hear(self, sentence: str, spoken: list[str]) -> Heard:
        """Judge one sentence, given those of the same turn that were let through."""
        raw = clean(sentence, keep_newlines=False).strip()
        text = self.strip(sentence)
        if not words(text):
            label_only = raw.endswith(":") and self._is_own(raw[:-1].strip("*_ "))
            return Heard("", None if label_only or _STAGE.search(raw) or not raw.strip(" .!?…-*_\"'") else "markup")
        slip = self._slip(text, spoken)
        return Heard("" if slip else text, slip)

    def _slip(self, text: str, spoken: list[str]) -> Slip | None:
        plain = fold(text)
        if _META.search(plain) or self._leaks(text):
            return "leak"
        label = _LABEL.match(text)
        if label and not plain.startswith(("look:", "listen:", "thing is:", "here's the thing:", "question:", "honestly:")):
            return "other_speaker"
        if _CODE.search(text):
            return "markup"
        if len(words(text)) > MOST_WORDS:
            return "too_long"
        if _EXPLICIT.search(plain):
            return "explicit"
        if self._english and not english.likely(text):
            return "language"
        if assistant_talk(text):
            return "assistant"
        if self._narrates(plain, text):
            return "narration"
        if self._scene.persona.role == "customer" and (self._own_job.search(plain) or self._talk.staff_talk(text)):
            return "staff"
        if self._scene.decision.kind != "ending" and says_goodbye(text):
            return "goodbye"
        if self._echoes(text):
            return "echo"
        if self._scene.decision.facts and not spoken:
            if numbers(text) - self._numbers:
                return "invents"
            if self._evades(text):
                return "evades"
        if self._scene.state.has_said(text) or repeats(text, spoken):
            return "repeat"
        return None

    def _narrates(self, plain: str, text: str) -> bool:
        if any(text.count(mark) for mark in "*[]<>") or text.count("(") != text.count(")"):
            return True
        if self._own_story.search(plain):
            return True
        return self._narration.search(plain) is not None and not plain.startswith(("i ", "my ", "so ", "and "))

    def _leaks(self, text: str) -> bool:
        plain = fold(text)
        if repeats(text, self._prompt):
            return True
        if any(
            re.search(rf"\b{re.escape(name.replace('_', ' '))}\s*(?:[:=]|is (?:at |now )?\d|level)", plain)
            for name in self._scene.state.feelings
        ):
            return True
        intent = self._scene.decision.intent
        acts = self._scene.decision.kind in ("move", "ending")
        if acts and len(words(intent)) >= 5 and overlap(text, intent) >= 0.85 and self._third_person(plain):
            return True
        mine = content(text)
        return any(len(mine & secret) / len(secret) >= 0.6 and len(mine & secret) >= 2 for secret in self._withheld)

    @staticmethod
    def _third_person(plain: str) -> bool:
        return not re.search(r"\b(?:i|i'm|i'd|i've|i'll|me|my|you|your|we)\b", plain)

    def _echoes(self, text: str) -> bool:
        theirs, mine = words(self._scene.heard), words(text)
        if text.endswith("?") and self._scene.state.asked and overlap(text, self._scene.heard) >= _SAME_QUESTION:
            return True
        if len(mine) < 5 or len(theirs) < 4:
            return False
        shared = set(mine) & set(theirs)
        return len(shared) / len(set(mine)) >= _SAME_WORDS

    def _evades(self, text: str) -> bool:
        mine = content(text)
        if len(mine) < 2 or words(text)[0] in ("yes", "no", "yeah", "yep", "nope", "none", "never", "not", "neither"):
            return False
        return not any(mine & content(form) for form in self._answers)


def numbers(text: str) -> frozenset[int]:
    """Return the numbers from three on that a text names, in digits or in words ("one" and "two" count nothing, mostly)."""
    found = set()
    for match in _NUMBER.finditer(fold(text)):
        if match["digits"]:
            found.add(int(match["digits"][:12]))
        elif match["tens"]:
            unit = _SMALL.index(match["unit"]) if match["unit"] else 0
            found.add(10 * (_TENS.index(match["tens"]) + 2) + unit)
        else:
            found.add(_SMALL.index(match["small"]))
    return frozenset(each for each in found if each > 2)
