"""What the trainee asked, and which of the customer's facts answers it.

Word vectors alone are too blunt for short questions ("how much was it?" is near "when was it?"), so three things are
weighed: the vectors, the meaning words shared with the questions the author wrote, and the kind of question asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from simulator.conversation.likeness import Likeness
from simulator.conversation.sentences import content, sentences, words
from simulator.domain.persona import Fact, Identity, Scenario

# From this score a fact counts as asked for.
ANSWERS_FROM = 0.52
# From this one it is near enough to be in a model's prompt while a question is open.
NEAR_FROM = 0.35
# The weights of FactFinder, and what divides their sum so that a score is about 0–1.
_COSINE, _TEXT, _WORDS, _WORDING, _BARE, _SCALE = 6.0, 4.5, 4.8, 1.5, 1.5, 16.0
_SAME_STRICT_KIND, _SAME_KIND, _OTHER_KIND = 1.9, 0.7, 1.0

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("how_are", r"\bhow(?:'s| is| are|'re|s| have| has)? (?:it going|things|you(?: doing| keeping| feeling| "
                    r"been)?\b(?! (?:get|like|want|find|know|pay|hear))"
                    r"|life|your (?:day|week|weekend|morning|afternoon|evening))|^(?:are )?you (?:all ?right|ok(?:ay)?|well)\b"),
        ("how_much", r"\bhow much\b|\bwhat(?:'s| was| is| did).{0,30}\b(?:cost|price|pay|charged?|spend)\b|^(?:and "
                     r")?the (?:price|cost)\b"),
        ("how_long", r"\bhow (?:long|often|soon|far)\b(?! ago)"),
        ("how_many", r"\bhow many\b"),
        ("how_old", r"\bhow old\b|\bwhat age\b"),
        ("when", r"\bwhen\b|\bhow long ago\b|\b(?:what|which) (?:day|date|time|month|week|year)\b|^(?:and )?the (?:date"
                 r"|day|time)\b"),
        ("where", r"\bwhere\b|\b(?:what|which) (?:shop|store|branch|place|address|room|aisle)\b"),
        ("name", r"\b(?:your|his|her|its|their|the|what|whose) (?:full |first |last |sur)?names?\b|\bcalled\b"
                 r"|\bname(?:,)? please\b"
                 r"|\bwho am i (?:speaking|talking) (?:to|with)\b"),
        ("who", r"\bwho(?:'s|se|m)?\b"),
        ("why", r"\bwhy\b|\bhow come\b|\bwhat for\b|\bwhat(?:'s| is| was) the (?:reason|occasion)\b"),
        ("which", r"\bwhich\b|\bwhat (?:kind|type|sort|colou?r|size|model|make|brand|flavou?r)\b"),
        ("how", r"\bhow\b"),
        ("what", r"\bwhat\b|\btell me\b"),
    )
)  # fmt: skip
# These kinds ask for one sort of thing, so a fact of another sort is no answer.
_STRICT = frozenset({"how_are", "how_much", "how_long", "how_many", "how_old", "when", "where", "name", "who", "why"})
_AUX = (
    r"(?:is|are|am|was|were|do|does|did|has|have|had|will|would|can|could|shall|should|may|might"
    r"|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|hasn't|haven't|hadn't|won't|wouldn't|can't|couldn't|shouldn't)"
)
_BEGINS = re.compile(
    rf"^(?:(?:so|and|but|ok(?:ay)?|right|well|now|oh|ah|sorry|er+m?|um+|hi|hello|hey|sure|great|thanks|please|just|also"
    rf"|then),? )*"
    rf"(?:(?:what|when|where|who|whom|whose|which|why|how)(?:'s|'re|'d|'ll|s)?\b|{_AUX} (?:you|i|we|he|she|it|they|there"
    rf"|that|this|the|your|my|any)\b)"
)
_REQUEST = re.compile(
    r"\b(?:tell me|let me know (?:what|when|which|how|if)|remind me|(?:i'll|i will|i|we|we'll) (?:just )?need (?:your"
    r"|the|a|some)|give me (?:your|the)"
    r"|i was wondering|talk me through|walk me through|describe|show me|may i (?:see|have|take)|name please)\b"
)
_OFFER = re.compile(
    r"\b(?:shall (?:i|we)|should (?:i|we)|would you (?:like|prefer|rather|want|mind|care)|do you (?:want|need|fancy)"
    r"|d'you want|want (?:me|us) to|want (?:a|an|some|it)"
    r"|can (?:i|we) (?:just )?(?:get|offer|interest|help|take|swap|give|check|have|see|look|do|ask|suggest|show|fetch|bring|make)"
    r"|could (?:i|we) (?:just )?(?:get|offer|take|check|have|see|look|do|ask|suggest|show)|may (?:i|we)|mind if (?:i"
    r"|we)|how about|what about|fancy"
    r"|(?:is|would) (?:that|it|this) (?:be )?(?:ok|okay|all ?right|alright|fine|good|work)|does (?:that|this) (?:work"
    r"|sound|help|suit)|let me)\b"
)
_TAG = re.compile(
    rf"(?:,|\b)\s*(?:{_AUX} (?:i|you|he|she|it|we|they|there)|right|ok(?:ay)?|all ?right|alright|eh|yeah|no|innit|huh"
    rf"|hey|deal|yes)\s*\?+$"
)
_EXCLAIMS = re.compile(
    r"^(?:oh,? |ah,? |wow,? |aw+,? )*(?:how (?:lovely|nice|awful|kind|exciting|annoying|frustrating"
    r"|sweet|funny|sad|terrible)|what an? )"
)
_EXTRA = re.compile(
    r"\b(?:loyalty|club ?card|points? card|anything else|something else|a bag|bags|carrier|newsletter|email list|survey"
    r"|sign up|subscribe|warranty plan"
    r"|extended warranty|insurance|store card)\b"
)


_LEAD = re.compile(
    r"^(?:(?:good (?:morning|afternoon|evening|day)|morning|hi+|hello|hey|hiya|there|welcome|oh+|ah+|ok(?:ay)?|right|so"
    r"|and|but|well|now|sorry|great|lovely|perfect"
    r"|sure|yes|no|no (?:problem|worries)|thanks|thank you|of course|um+|er+m?|then|also|just|please|alright|all right"
    r"|sir|madam|ha|haha)\b[,!. -]*)+(?=[a-z])",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:,?\s+(?:today|please|then|though|at all|by the way|if you don't mind(?: me asking)?|if i may ask|again|exactly"
    r"|love|sir|madam|actually|anyway|for me))+\s*(\?*)$",
    re.IGNORECASE,
)
_BARE_WORDS = frozenset(
    (
        "why",
        "not",
        "how",
        "so",
        "come",
        "what",
        "that",
        "is",
        "that's",
        "do",
        "you",
        "mean",
        "and",
        "but",
        "oh",
        "really",
        "on",
        "earth",
    )
)
_PRICE = r"[£$€]?\d+(?:[.:]\d\d)?(?: (?:pounds?|quid|dollars?|euros?|pence|p))?"
_PAYMENT = re.compile(
    r"(?:\b(?:that's|that is|that'll be|that will be|comes to|it's|it'll be|total is|total's|total|you owe(?: me)?)(?: "
    r"just| only)? "
    rf"{_PRICE}(?:,? (?:please|then|altogether|in all))*|^{_PRICE},? (?:please|then)|^[£$€]?\d+[.:]\d\d)[,.!? ]*$"
)
_CHOICE = re.compile(r"\b(?!or (?:not|what|so|something|anything)\b)or\b")


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence that asks: its text, the kind of thing asked for, and what sort of answer it leaves room for.

    ``sort`` is ``asks`` (wants something told), ``offer`` (wants a yes or no to something), ``either`` (wants one of two),
    ``extra`` (an offer beside the matter), ``tag`` (wants agreement), ``pay`` (names a price), ``bare`` ("why?", about what the
    customer just said) or ``how_are``. ``text`` is without the greeting before it and the politeness after it.
    """

    text: str
    kind: str
    sort: str


def kind_of(text: str) -> str:
    """Return the kind of thing a question asks for: ``when``, ``how_much`` … or ``yes_no``."""
    folded = " ".join(words(text))
    return next((kind for kind, pattern in _KINDS if pattern.search(folded)), "yes_no")


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("\u2019", "'").split()).strip("\"'-–— ")


@lru_cache(maxsize=1024)
def questions(text: str) -> tuple[Question, ...]:
    """Return the sentences of ``text`` that ask something, in order."""
    found: list[Question] = []
    for sentence in sentences(" ".join(text.split())):
        plain = _plain(sentence)
        marked = plain.rstrip("\"')!. ").endswith("?")
        pays = _PAYMENT.search(plain) is not None
        if not (marked or pays or _BEGINS.match(plain) or _REQUEST.search(plain)) or (not marked and _EXCLAIMS.match(plain)):
            continue
        kind = kind_of(sentence)
        found.append(Question(_core(sentence), kind, "pay" if pays else _sort(plain, kind, marked)))
    return tuple(found)


def _core(sentence: str) -> str:
    core = _TAIL.sub(r"\1", _LEAD.sub("", sentence.strip()))
    before, comma, last = core.rpartition(", ")
    if comma and _BEGINS.match(_plain(last)) and not _BEGINS.match(_plain(before)):
        core = last
    return core if len(words(core)) >= 2 else sentence


def _sort(plain: str, kind: str, marked: bool) -> str:
    if kind == "how_are":
        return "how_are"
    if _EXTRA.search(plain):
        return "extra"
    if kind in ("why", "how", "what") and _BARE_WORDS.issuperset(words(plain)):
        return "bare"
    if kind in _STRICT:
        return "asks"
    if _CHOICE.search(plain):
        return "either"
    if marked and _TAG.search(plain) and not _BEGINS.match(plain):
        return "tag"
    return "offer" if _OFFER.search(plain) and kind not in ("what", "how", "which") else "asks"


def asks(text: str) -> bool:
    """Return whether ``text`` asks the customer something."""
    return bool(questions(text))


def implied_facts(scenario: Scenario, identity: Identity) -> tuple[Fact, ...]:
    """Return what any customer knows without an author writing it down: their name, and what they came for."""
    name = identity.name
    return (
        Fact.model_validate(
            {
                "id": "own-name",
                "text": f"{{They}} {{are}} called {name}",
                "asked_by": [
                    "what's your name?", "can I take your name?", "who am I speaking to?", "and you are?", "your name please?",
                    "what name is it under?",
                ],
                "lines": [f"It's {name}.", f"{name}.", f"The name's {name}."],
            }
        ),
        Fact.model_validate(
            {
                "id": "own-errand",
                "text": f"{{They}} came {scenario.wants}",
                "asked_by": [
                    "how can I help you?", "what can I do for you today?", "what brings you in?",
                    "what seems to be the problem?", "what do you need?", "what are you after?",
                    "what were you looking for?", "how may I help?", "what can I get you?",
                ],
                "lines": [f"I'm here {scenario.wants}.", f"I came in {scenario.wants}.", f"I just want {scenario.wants}."],
            }
        ),
    )  # fmt: skip


class FactFinder:
    """Finds the facts that answer a question.

    A score is a weighted sum of: the likeness to the nearest of the author's questions and to the fact itself (cosines), how far
    the question's words have something near them among the fact's words (rare words count more), shared wording, and the kind
    of question. The weights were fitted on personas' own questions, each held out in turn, against questions no fact answers.
    """

    def __init__(self, facts: Sequence[Fact], likeness: Likeness) -> None:
        self.facts = tuple(facts)
        self._likeness = likeness
        self._kinds = [{kind_of(each) for each in fact.asked_by} for fact in facts]
        self._wordings = [[frozenset(words(each)) for each in fact.asked_by] for fact in facts]
        own = [
            frozenset().union(*(content(text) for text in (*fact.asked_by, fact.text, *(line.text for line in fact.lines))))
            for fact in facts
        ]
        self._words = sorted(frozenset().union(*own))
        place = {word: index for index, word in enumerate(self._words)}
        self._own = [[place[word] for word in sorted(each)] for each in own]
        self._held_by = Counter(word for each in own for word in each)

    def scores(self, question: Question) -> list[tuple[float, Fact]]:
        """Return every fact with how well it answers, best first (ties in the author's order)."""
        asked = sorted(content(question.text))
        near = self._likeness.grid(asked, self._words)
        rarity = [log((len(self.facts) + 1) / (self._held_by[word] + 0.5)) for word in asked]
        wording = frozenset(words(question.text))
        scored = []
        for index, fact in enumerate(self.facts):
            score = _COSINE * max(self._likeness.cosines(question.text, fact.asked_by), default=0.0)
            score += _TEXT * max(self._likeness.cosines(question.text, (fact.text,)))
            if asked and self._own[index]:
                nearest = [max(0.0, *(row[word] for word in self._own[index])) for row in near]
                score += _WORDS * sum(weight * each for weight, each in zip(rarity, nearest, strict=True)) / sum(rarity)
            elif not asked:
                score += _BARE
            score += _WORDING * max(
                (len(wording & each) / len(wording | each) for each in self._wordings[index] if each), default=0.0
            )
            if question.kind in self._kinds[index]:
                score += _SAME_STRICT_KIND if question.kind in _STRICT else _SAME_KIND
            elif question.kind in _STRICT and self._kinds[index]:
                score -= _OTHER_KIND
            scored.append((round(score / _SCALE, 4), -index, fact))
        scored.sort(key=lambda each: (each[0], each[1]), reverse=True)
        return [(score, fact) for score, _, fact in scored]

    def answering(self, question: Question) -> Fact | None:
        """Return the fact that answers a question, or ``None``."""
        scored = self.scores(question)
        if scored and scored[0][0] >= ANSWERS_FROM:
            return scored[0][1]
        return None

    def near(self, question: Question) -> list[Fact]:
        """Return the facts that may have to do with a question, best first."""
        return [fact for score, fact in self.scores(question) if score >= NEAR_FROM][:4]
