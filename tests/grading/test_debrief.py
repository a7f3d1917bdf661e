from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.behaviour import Catalogue, Heard
from simulator.domain.grade import Evidence, Finding, Grade, GradeVersions, SelfRating
from simulator.domain.persona import Persona
from simulator.domain.rubric import Applies, Criterion, Examples, Rubric
from simulator.domain.text import fold
from simulator.domain.transcript import Moved, SurveyAnswers, Transcript, Turn, Versions
from simulator.grading import debrief as room
from simulator.grading.debrief import Debrief
from simulator.grading.markdown import escape, to_markdown
from simulator.grading.score import score

PERSONA = Persona.model_validate(
    {
        "id": "sam-hose",
        "name": "Sam",
        "summary": "{name} reads friendliness as more than it is",
        "difficulty": 2,
        "trains": ["boundaries"],
        "identities": [
            {"name": "Sam", "pronouns": "she/her", "age": 40},
            {"name": "Jo_e*", "pronouns": "they/them", "age": 40},
        ],
        "voice": {"manner": "chatty", "at_most": 2},
        "scenarios": [{"id": "hose", "place": "a returns desk", "trainee": "returns assistant", "wants": "to return a hose"}],
        "state": {
            "trust": {"start": 5, "means": "how far {they} trust{s} you"},
            "misread": {"start": 3, "means": "how sure {they} {are} that you fancy {them}", "good": "low"},
            "calm": {"start": 5, "means": "how calm {they} {are}"},
        },
        "reactions": {"compliments_appearance": {"misread": 3}},
        "moves": [
            {
                "id": "ask_out",
                "intent": "asks what time you finish",
                "lines": ["What time do you finish?"],
                "good_replies": [
                    "That's kind, {name}, but I keep it to work here.",
                    "Ha, my evenings are for the cat. Now, your hose.",
                ],
            },
            {"id": "small_talk", "intent": "chats", "lines": ["Lovely day."]},
        ],
        "endings": [
            {"id": "leaves", "when": "trust >= 8", "means": "{Name} left content", "outcome": "good", "lines": ["Bye!"]},
        ],
        "survey": {"warmth": "trust", "comfort": "10 - misread", "would_return": "trust >= 6"},
    }
)
RUBRIC = Rubric(
    id="boundaries",
    title="Boundaries",
    levels={1: "Crosses it", 2: "Blurs it", 3: "Wobbles", 4: "Keeps it", 5: "Keeps it warmly"},
    thresholds=(0.25, 0.5, 0.75, 0.9),
    criteria=(
        Criterion(
            id="names_limit",
            asks="Is the line named?",
            applies=Applies(customer=("makes_advance",)),
            met_by=("names_a_limit_kindly",),
            weight=3,
            examples=Examples(met=("I'm flattered, but I keep it professional.", "I don't date customers.")),
            advice="Say it once, kindly.",
        ),
        Criterion(
            id="no_compliments",
            asks="No remarks on looks?",
            broken_by=("compliments_appearance",),
            cap_when_not_met=2,
            examples=Examples(met=("Good jacket for this weather!",)),
            advice="Praise the thing, not the person.",
        ),
        Criterion(id="leads_back", asks="Back to the matter?", met_by=("redirects_to_task",)),
    ),
)


def turn(role: str, text: str, *moved: Moved, **more: Any) -> Turn:
    return Turn(role=role, text=text, moved=moved, **more)  # type: ignore[arg-type]


def state(trust: float, misread: float) -> dict[str, float]:
    return {"trust": trust, "misread": misread}


ROUGH = Transcript(
    id="talk-1",
    persona="sam-hose",
    scenario="hose",
    identity="Sam",
    seed=41,
    turns=[
        turn("customer", "Lovely day.", move="small_talk", voice="built-in"),
        turn(
            "trainee",
            "Lovely. I like your jacket, it brings out your eyes",
            Moved(feeling="misread", by=3, to=6, because="compliments_appearance"),
            Moved(feeling="trust", by=1, to=6, because="compliments_appearance"),
            state=state(6, 6),
            behaviours=(Heard(id="compliments_appearance", strength=0.9, quote="it brings out your eyes"),),
        ),
        turn(
            "customer",
            "What time do you finish?",
            Moved(feeling="misread", by=1, to=7, because="ask_out"),
            move="ask_out",
            voice="built-in",
            state=state(6, 7),
        ),
        turn("trainee", "Oh, um, anyway.", Moved(feeling="misread", by=0.2, to=7.2, because="time"), state=state(6, 7.2)),
    ],
    ending="leaves",
    survey=SurveyAnswers(warmth=6, comfort=2.8, would_return=True, comment="I thought we had *something*."),
    versions=Versions(fineline="0.1.0", persona="abc"),
)


def found(criterion: str, verdict: str, *evidence: tuple[int, str], counted: bool | None = None) -> Finding:
    decided = verdict in ("met", "not_met")
    counted = decided if counted is None else counted
    quotes = tuple(Evidence(turn=number, quote=quote) for number, quote in evidence)
    substantiated = counted if decided else None
    return Finding(
        criterion=criterion,
        verdict=verdict,
        evidence=quotes,
        counted=counted,
        substantiated=substantiated,
        reason="So it was.",  # type: ignore[arg-type]
    )


WRONG = (
    found("names_limit", "not_met", (4, "Oh, um, anyway.")),
    found("no_compliments", "not_met", (2, "it brings out your eyes")),
    found("leads_back", "not_applicable"),
)


def graded(*findings: Finding, transcript: str = "talk-1") -> Grade:
    result = score(RUBRIC, findings)
    return Grade(
        transcript=transcript,
        rubric="boundaries",
        judge="built-in",
        status=result.status,
        level=result.level,
        score=result.score,
        reason=result.reason,
        findings=findings,
        versions=GradeVersions(fineline="0.1.0", rubric="r1", detector="ear-1"),
    )


def build(transcript: Transcript = ROUGH, *findings: Finding, who: int = 0, said: int | None = None, **more: Any) -> Debrief:
    rating = SelfRating(levels={"boundaries": said} if said else {}, note="Less charm\nnext time")
    grade = graded(*(findings or WRONG))
    identity = PERSONA.identities[who]
    return room.build(PERSONA, PERSONA.scenarios[0], identity, transcript, [RUBRIC], [grade], rating, **more)


def test_outcomes_carry_level_anchor_gap_and_the_sum() -> None:
    (outcome,) = build(said=3).outcomes
    assert (outcome.level, outcome.anchor, outcome.self_level, outcome.gap) == (1, "Crosses it", 3, 2)
    assert "clearly higher" in outcome.gap_words
    assert "0 of 4" in outcome.arithmetic and "level at most 2" in outcome.arithmetic


@pytest.mark.parametrize(("said", "words"), [(1, "same way"), (2, "a little higher"), (5, "far higher"), (None, "")])
def test_the_gap_is_put_into_words(said: int | None, words: str) -> None:
    assert words in build(said=said).outcomes[0].gap_words


def test_a_self_rating_without_a_grade_claims_no_gap() -> None:
    (outcome,) = build(ROUGH, found("leads_back", "not_applicable"), said=4).outcomes
    assert (outcome.status, outcome.level, outcome.gap) == ("not_scored", None, None)
    assert "no grade" in outcome.gap_words


def test_findings_are_rows_with_marks_turns_and_words() -> None:
    claim = found("leads_back", "met", (77, "never said"), counted=False)
    rows = {row.criterion: row for row in build(ROUGH, *WRONG[:2], claim).findings}
    assert (rows["no_compliments"].mark, rows["no_compliments"].turn) == ("✗", 2)
    assert rows["no_compliments"].quote == "it brings out your eyes"
    assert (rows["leads_back"].mark, rows["leads_back"].turn, rows["leads_back"].counted) == ("?", None, False)


def test_feelings_are_curves_with_the_moments_that_moved_them(catalogue: Catalogue) -> None:
    curves = {curve.id: curve for curve in build(catalogue=catalogue).feelings}
    misread = curves["misread"]
    assert misread.points == ((0, 3), (2, 6), (3, 7), (4, 7.2))
    assert misread.means == "how sure she is that you fancy her"
    first, second = misread.moments
    assert (first.turn, first.by, first.quote, first.because_words) == (
        2,
        3,
        "it brings out your eyes",
        "Compliments the appearance",
    )
    assert (second.turn, second.because_words) == (3, "Sam asks what time you finish")
    assert "calm" not in curves, "a feeling nobody recorded is not drawn"


def test_suggestions_are_tied_to_words_and_feelings_and_the_worst_comes_first() -> None:
    one, two = build().suggestions
    assert (one.turn, one.said, one.criterion) == (2, "it brings out your eyes", "no_compliments")
    assert "fancy her: +3, to 6 of 10" in one.felt and "trust" not in one.felt
    assert (one.try_instead, one.source) == ("", ""), "nobody spoke of a jacket"
    assert one.why == "Praise the thing, not the person."
    assert (two.turn, two.criterion, two.source) == (4, "names_limit", "persona")
    assert two.try_instead in (
        "That's kind, Sam, but I keep it to work here.",
        "Ha, my evenings are for the cat. Now, your hose.",
    )


def test_a_line_the_trainee_has_said_is_never_suggested() -> None:
    said = "thats kind sam, but I keep it to work here"
    talk = ROUGH.model_copy(update={"turns": [*ROUGH.turns, turn("customer", "Ok."), turn("trainee", said)]})
    lines = [each.try_instead for each in build(talk).suggestions]
    assert "Ha, my evenings are for the cat. Now, your hose." in lines
    everything = [*PERSONA.by_move["ask_out"].good_replies, *(e for c in RUBRIC.criteria for e in c.examples.met)]
    talk = ROUGH.model_copy(
        update={"turns": [*ROUGH.turns, *(turn("trainee", PERSONA.identities[0].fill(each)) for each in everything)]}
    )
    assert {each.try_instead for each in build(talk).suggestions} == {""}


def test_no_line_is_suggested_twice() -> None:
    again = [turn("customer", "What time do you finish?", move="ask_out"), turn("trainee", "Er.")]
    talk = ROUGH.model_copy(update={"turns": [*ROUGH.turns, *again]})
    findings = (WRONG[0], found("no_compliments", "not_met", (6, "Er.")), found("leads_back", "not_met", (2, "Lovely.")))
    lines = [each.try_instead for each in build(talk, *findings).suggestions if each.try_instead]
    assert len(lines) == len(set(map(fold, lines))) >= 2


def test_the_encoder_chooses_the_line_that_fits() -> None:
    class Likes:
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return np.array([[1.0, 0.0] if "cat" in text or "finish" in text else [0.0, 1.0] for text in texts], dtype=np.float32)

    # The customer's question and one of the two criterion examples decide; "cat" is alike to the question.
    two = build(encoder=Likes()).suggestions[1]
    assert two.try_instead in PERSONA.by_move["ask_out"].good_replies or "Sam" in two.try_instead


class Alike:
    """Finds everything alike, or nothing."""

    def __init__(self, likeness: float) -> None:
        self.likeness = likeness

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        other = [self.likeness, (1 - self.likeness**2) ** 0.5]
        return np.array([other] * (len(texts) - 1) + [[1.0, 0.0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("likeness", "asked", "line"),
    [
        (0.9, "Do you like this jacket, in such weather?", "Good jacket for this weather!"),
        (0.1, "Do you like this jacket, in such weather?", ""),
        (0.9, "Do you like my hat?", ""),
    ],
)
def test_a_rubrics_example_is_offered_only_where_it_fits(likeness: float, asked: str, line: str) -> None:
    first = ROUGH.turns[0].model_copy(update={"text": asked})
    talk = ROUGH.model_copy(update={"turns": [first, *ROUGH.turns[1:]]})
    one = build(talk, encoder=Alike(likeness)).suggestions[0]
    assert (one.turn, one.try_instead) == (2, line)
    assert one.why == "Praise the thing, not the person."


def test_what_was_missing_all_along_has_advice_and_no_one_line() -> None:
    missing = Criterion(id="greets", asks="A hello?", met_by=("greets",), examples=Examples(met=("Hello!",)), advice="Say hello.")
    asked = RUBRIC.model_copy(update={"criteria": (missing,)})
    made = graded(found("greets", "not_met", (4, "Oh, um, anyway.")))
    one = room.build(PERSONA, PERSONA.scenarios[0], PERSONA.identities[0], ROUGH, [asked], [made], None).suggestions[0]
    assert (one.why, one.try_instead) == ("Say hello.", "")


def test_what_went_well_is_kept_and_leads_on() -> None:
    good = ROUGH.model_copy(
        update={
            "turns": [
                turn("customer", "What time do you finish?", move="ask_out"),
                turn(
                    "trainee",
                    "That's sweet, but I keep it to work.",
                    Moved(feeling="trust", by=2, to=7, because="x"),
                    state=state(7, 3),
                ),
                turn("customer", "Fair enough.", move="small_talk"),
                turn("trainee", "Now, your hose.", state=state(7, 3)),
            ]
        }
    )
    met = (
        found("names_limit", "met", (2, "I keep it to work")),
        found("no_compliments", "met"),
        found("leads_back", "met", (4, "Now, your hose.")),
    )
    one, two = build(good, *met).suggestions
    assert one.keep and two.keep and (one.turn, two.turn) == (2, 4)
    assert one.said == "I keep it to work" and "+2" in one.felt and not one.try_instead
    assert "harder customer" in two.why


def test_claims_nobody_could_substantiate_suggest_nothing() -> None:
    claims = tuple(found(each.criterion, "not_met", (4, "made up"), counted=False) for each in WRONG)
    made = build(ROUGH, *claims)
    assert all(each.rubric == "" for each in made.suggestions)


def test_nobody_spoke() -> None:
    made = build(Transcript(id="e"), found("leads_back", "not_applicable"))
    assert (made.suggestions, made.feelings, made.survey) == ((), (), None)
    assert made.ending.id is None and to_markdown(made)


def test_endings_in_words() -> None:
    assert (build().ending.text, build().ending.outcome) == ("Sam left content", "good")
    stopped = ROUGH.model_copy(update={"ending": "stopped"})
    assert build(stopped).ending.text == "You stopped the conversation."


def test_the_page_says_everything_needed_to_check_it() -> None:
    page = to_markdown(build(said=3))
    for part in (
        "seed: 41",
        "built-in",
        "ear-1",
        "r1",
        "turn 2",
        "“it brings out your eyes”",
        "= level",
    ):
        assert part.casefold() in page.casefold(), part
    assert "I thought we had \\*something\\*." in page and "Less charm next time" in page
    assert "The conversation" in page and "Oh, um, anyway." in page


def test_a_failed_grade_is_a_reason_and_no_number() -> None:
    failed = Grade(transcript="t", rubric="boundaries", judge="m", status="failed", reason="The server broke.")
    made = room.build(PERSONA, PERSONA.scenarios[0], PERSONA.identities[0], ROUGH, [RUBRIC], [failed], None)
    assert (made.outcomes[0].level, made.findings) == (None, ())
    assert "| Boundaries | failed | The server broke. | – |" in to_markdown(made)


def test_the_words_of_people_are_never_markup() -> None:
    hostile = "# heading\n- list `code` **bold** [link](http://x) <b>html</b> | cell & \x1b[31m $x$ ~~no~~"
    talk = ROUGH.model_copy(update={"turns": [*ROUGH.turns, turn("trainee", hostile)]})
    page = to_markdown(build(talk, who=1))
    line = next(each for each in page.splitlines() if "heading" in each)
    bold, link, html = "\\*\\*bold\\*\\*", "\\[link\\](http://x)", "\\<b\\>html\\</b\\>"
    assert line == f"5. **You**: \\# heading - list \\`code\\` {bold} {link} {html} \\| cell \\& \\$x\\$ \\~\\~no\\~\\~"
    assert "Jo\\_e\\*" in page and "\x1b" not in page


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_escaped_text_stays_on_its_line_and_opens_nothing(text: str) -> None:
    line = escape(text)
    assert "\n" not in line and "\x1b" not in line
    bare = line.replace("\\\\", "")
    for mark in "`*_[]<>#|~&$":
        assert bare.count(mark) == bare.count("\\" + mark)
    assert not line.startswith(("- ", "+ ", "="))
    assert not re.match(r"\d+[.)](\s|$)", line)
