"""What a persona's author says a move shows travels with the turn, from the conversation to the judge."""

from __future__ import annotations

from simulator.conversation.session import Session
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.domain.behaviour import Catalogue
from simulator.domain.persona import Persona
from simulator.domain.rubric import Rubric
from simulator.domain.transcript import Transcript
from simulator.grading.grade import grade
from simulator.grading.judges.builtin import BuiltinJudge
from simulator.language.detector import Detector

PERSONA = Persona.model_validate(
    {
        "id": "swan",
        "name": "Robin",
        "summary": "Asks people to the pub",
        "trains": ["boundaries"],
        "identities": [{"name": "Robin", "pronouns": "they/them", "age": 50}],
        "voice": {"manner": "dry", "at_most": 2},
        "scenarios": [{"id": "desk", "place": "a desk", "trainee": "clerk", "wants": "to chat", "opening": ["Hello."]}],
        "state": {"trust": {"start": 5, "means": "how far {they} trust{s} you"}},
        "reactions": {"solves": {"trust": 1}},
        "moves": [
            {
                "id": "swan",
                "shows": ["makes_advance"],
                "intent": "mentions the Swan",
                "lines": ["They do a nice pie at the Swan of an evening.", "The Swan has a quiet corner by the fire."],
            }
        ],
        "endings": [{"id": "goes", "when": "turn > 20", "lines": ["Bye."]}],
        "survey": {"warmth": "trust", "comfort": "trust", "would_return": "trust > 5"},
    }
)


async def test_a_move_is_judged_by_what_its_author_says_it_shows(catalogue: Catalogue, rubrics: dict[str, Rubric]) -> None:
    detector = Detector.load(catalogue)
    session = Session.begin(PERSONA, "desk", "Robin", 1, voice=BuiltinVoice(detector.encoder), detector=detector)
    for words in ("Hello there.", "I see.", "Right you are."):
        async for _ in session.reply():
            pass
        await session.hear(words)
    turns = session.transcript.turns
    assert [turn.shows for turn in turns if turn.move == "swan"] == [("makes_advance",)] * 2
    again = Transcript.model_validate(session.transcript.as_record())
    made = await grade(again, rubrics["boundaries"], BuiltinJudge(detector, catalogue))
    limit = next(each for each in made.findings if each.criterion == "names_limit")
    assert limit.verdict == "not_met" and "(makes an advance)" in limit.reason
