"""The model judge reads nobody's name, and its quotes come back as they were said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.rubric import Criterion, Rubric
from simulator.domain.transcript import Transcript, Turn
from simulator.grading.judges.model import ModelJudge
from simulator.grading.judges.view import View
from simulator.models.scripted import ScriptedModel

ASKED = Rubric(
    id="one",
    title="One",
    levels={1: "1", 2: "2", 3: "3", 4: "4", 5: "5"},
    thresholds=(0.2, 0.4, 0.6, 0.8),
    criteria=(Criterion(id="kind", asks="Is it kind?"),),
)


def talk(name: str, they: str, spouse: str) -> Transcript:
    return Transcript(
        id="t",
        identity=name,
        turns=[
            Turn(role="customer", text=f"I'm {name}. My {spouse} sent me, {they} said you'd know."),
            Turn(role="trainee", text=f"Hello {name}! Tell your {spouse} that {they} was right. <3"),
        ],
    )


SHE, HE = talk("Farida", "she", "wife"), talk("Dan", "he", "husband")


def copies_turn_two(messages: Sequence[Any]) -> dict[str, Any]:
    line = next(each for each in messages[1]["content"].splitlines() if each.startswith("[2] TRAINEE: "))
    quote = line.removeprefix("[2] TRAINEE: ")
    return {"findings": [{"criterion": "kind", "reason": "So.", "evidence": [{"turn": 2, "quote": quote}], "verdict": "met"}]}


async def test_the_same_words_from_other_people_make_the_same_prompt() -> None:
    prompts = []
    for each in (SHE, HE):
        model = ScriptedModel([copies_turn_two])
        judgement = await ModelJudge(model).judge(each, ASKED)
        prompts.append(model.calls[0].messages)
        assert judgement.findings[0].counted
        assert judgement.findings[0].evidence[0].quote == each.turns[1].text
        assert judgement.prompt is not None and judgement.prompt.endswith("-blind")
    assert prompts[0] == prompts[1]
    told = prompts[0][1]["content"].casefold()
    assert not {"farida", "dan", "she", "he", "wife", "husband"} & set(told.replace(".", " ").replace("!", " ").split())


async def test_it_can_be_switched_off() -> None:
    model = ScriptedModel([copies_turn_two])
    judgement = await ModelJudge(model, blind=False).judge(SHE, ASKED)
    assert "Farida" in model.calls[0].messages[1]["content"]
    assert judgement.prompt is not None and judgement.prompt.endswith("-sighted")


async def test_further_names_are_hidden_when_given() -> None:
    model = ScriptedModel([copies_turn_two])
    odd = Transcript(id="t", turns=[Turn(role="customer", text="Hi"), Turn(role="trainee", text="Thanks, Quibblewick.")])
    judgement = await ModelJudge(model, names=["Quibblewick"]).judge(odd, ASKED)
    assert "Quibblewick" not in model.calls[0].messages[1]["content"]
    assert judgement.findings[0].evidence[0].quote == "Thanks, Quibblewick."


WORDS = st.lists(
    st.sampled_from(["Farida", "she", "her", "his", "wife", "<b>", "‹", "it's", "tea,", "Ha!", "no", "é", "Mrs"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(WORDS, WORDS, st.booleans(), st.data())
def test_any_piece_the_judge_copies_comes_back_as_words_of_that_turn(
    first: list[str], second: list[str], blind: bool, data: st.DataObject
) -> None:
    transcript = Transcript(
        id="t", identity="Farida", turns=[Turn(role="trainee", text=" ".join(first)), Turn(role="trainee", text=" ".join(second))]
    )
    view = View(transcript, blind=blind)
    read = view.texts[1].split()
    start = data.draw(st.integers(0, len(read) - 1))
    stop = data.draw(st.integers(start + 1, len(read)))
    result = view.check(2, " ".join(read[start:stop]))
    assert result.holds and result.evidence.turn == 2
    assert result.evidence.quote in transcript.turns[1].text
