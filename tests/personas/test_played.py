"""The shipped personas, played by scripted trainees and graded by the built-in judge."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from simulator.authoring.library import Library, shipped_folders
from simulator.conversation.director import Director
from simulator.conversation.questions import FactFinder, questions
from simulator.conversation.session import Session
from simulator.conversation.simulate import run
from simulator.conversation.voices.builtin import BuiltinVoice
from simulator.domain.persona import Persona, Scenario
from simulator.domain.transcript import Transcript
from simulator.grading.grade import grade
from simulator.grading.judges.builtin import BuiltinJudge
from simulator.language.detector import Detector

TRAINEES = Path(__file__).parent / "trainees"
SCRIPTS = sorted(path.stem for path in TRAINEES.glob("*.txt"))
STYLES = ("warm", "cold", "flirty", "faking")


@cache
def library() -> Library:
    return Library(shipped_folders(), None)


# A file that does not load fails its own tests and nobody else's.
NAMED = sorted({name.split(".")[0] for name in SCRIPTS})
PERSONAS = [name for name in NAMED if name in library().personas]


@cache
def detector() -> Detector:
    return Detector.load(library().catalogue)


@cache
def played(script: str, identity: str | None = None, seed: int = 0) -> Transcript:
    persona_id, *situation, _ = script.split(".")
    persona = library().persona(persona_id)
    scenario = situation[0] if situation else persona.scenarios[0].id
    lines = (TRAINEES / f"{script}.txt").read_text(encoding="utf-8").splitlines()
    session = Session.begin(persona, scenario, identity, seed, voice=BuiltinVoice(detector().encoder), detector=detector())
    return asyncio.run(run(session, lines))


def situations() -> list[tuple[str, str]]:
    return [(persona, scenario.id) for persona in PERSONAS for scenario in library().persona(persona).scenarios]


def ended(transcript: Transcript, persona: Persona) -> str:
    """Return how it ended for the customer: good, mixed or bad; ``open`` when they had not gone yet."""
    ending = persona.by_ending.get(transcript.ending or "")
    return ending.outcome if ending else "open"


def last_state(transcript: Transcript) -> dict[str, float]:
    return next(turn.state for turn in reversed(transcript.turns) if turn.state is not None)


@pytest.mark.parametrize("persona_id", NAMED)
def test_it_loads(persona_id: str) -> None:
    assert library().persona(persona_id).id == persona_id


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_is_said_twice_left_unfilled_or_left_empty(script: str) -> None:
    transcript = played(script)
    lines = [line for turn in transcript.turns if turn.role == "customer" for line in (turn.line, *turn.also) if line]
    texts = [turn.text for turn in transcript.turns if turn.role == "customer"]
    assert len(set(lines)) == len(lines)
    assert len(set(texts)) == len(texts)
    assert all(text.strip() for text in texts)
    assert not re.search(r"[{}]", " ".join(texts))


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_trainee_turn_gets_one_answer_and_nobody_leaves_at_once(script: str) -> None:
    turns = played(script).turns
    assert [turn.role for turn in turns] == ["customer", "trainee"] * (len(turns) // 2) + ["customer"]
    assert sum(turn.role == "trainee" for turn in turns) >= 3


@pytest.mark.parametrize("persona_id", PERSONAS)
@pytest.mark.parametrize("seed", [0, 1])
def test_four_ways_of_serving_end_in_four_places(persona_id: str, seed: int) -> None:
    persona = library().persona(persona_id)
    transcripts = {style: played(f"{persona_id}.{style}", seed=seed) for style in STYLES}
    assert ended(transcripts["warm"], persona) == "good"
    assert all(ended(transcripts[style], persona) in ("mixed", "bad") for style in STYLES if style != "warm")
    assert len({transcript.ending for transcript in transcripts.values()}) == len(STYLES)
    for one, other in combinations(STYLES, 2):
        a, b = last_state(transcripts[one]), last_state(transcripts[other])
        assert max(abs(a[name] - b[name]) for name in a) >= 2.5, (one, other)


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name.count(".") == 2 and name.endswith(".warm")])
def test_the_second_situation_rewards_kindness_too(script: str) -> None:
    persona = library().persona(script.split(".", maxsplit=1)[0])
    warm, cold = played(script), played(script.replace(".warm", ".cold"))
    assert ended(warm, persona) == "good"
    assert ended(cold, persona) in ("mixed", "bad")


@pytest.mark.parametrize(("persona_id", "scenario_id"), situations())
def test_questions_find_their_facts(persona_id: str, scenario_id: str) -> None:
    persona = library().persona(persona_id)
    scenario = persona.scenario(scenario_id)
    assert isinstance(scenario, Scenario)
    director = Director(persona, scenario, persona.identities[0], detector().encoder)
    finder = FactFinder(director.facts, director.likeness)
    asked, missed = 0, []
    for fact in persona.known(scenario):
        for question in fact.asked_by:
            parts = questions(question)
            asked += 1
            if fact.id not in {found.id for part in parts if (found := finder.answering(part)) is not None}:
                missed.append(question)
    assert asked >= 100
    assert len(missed) <= asked * 0.02, missed


@pytest.mark.parametrize(("persona_id", "name"), [(p, i.name) for p in PERSONAS for i in library().persona(p).identities])
def test_everyone_can_play_it_and_is_nobody_else(persona_id: str, name: str) -> None:
    others = {each.name for each in library().persona(persona_id).identities} - {name}
    transcript = played(f"{persona_id}.jokey", identity=name, seed=7)
    said = " ".join(turn.text for turn in transcript.turns if turn.role == "customer")
    assert transcript.identity == name
    assert not any(re.search(rf"\b{other}\b", said) for other in others)
    assert "{" not in said


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_the_same_lines_cost_every_identity_the_same(persona_id: str) -> None:
    persona = library().persona(persona_id)
    states = [last_state(played(f"{persona_id}.cold", identity=each.name, seed=3)) for each in persona.identities]
    assert all(state == states[0] for state in states)


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_a_trainer_finds_everything_in_it(persona_id: str) -> None:
    persona = library().persona(persona_id)
    assert len(persona.scenarios) >= 2 and len(persona.identities) >= 2
    assert {ending.outcome for ending in persona.endings} == {"good", "mixed", "bad"}
    assert sum(bool(move.good_replies) for move in persona.moves) >= 5
    assert persona.advice and persona.survey.comments and len(persona.unknown) >= 8
    assert all(len(scenario.opening) >= 5 and len(scenario.facts) >= 10 and scenario.knows for scenario in persona.scenarios)


@pytest.mark.parametrize(
    "persona_id", ["direct-flirt", "lonely-widowed", "cold-hurried", "passive-aggressive-customer", "jealous-partner"]
)
def test_the_customers_own_rating_prefers_the_warm_trainee(persona_id: str) -> None:
    ratings = {style: played(f"{persona_id}.{style}").survey for style in STYLES}
    warm = ratings["warm"]
    assert warm is not None and warm.would_return and warm.warmth >= 7 and warm.comfort >= 7
    for style in ("cold", "flirty", "faking"):
        other = ratings[style]
        assert other is not None
        assert warm.warmth - other.warmth >= 1.5 and warm.comfort - other.comfort >= 1.5, style
        assert warm.comment != other.comment, style


def test_a_kind_no_costs_the_one_who_asks_nothing_and_a_cold_one_does() -> None:
    start = library().persona("direct-flirt").state["dignity"].start
    assert last_state(played("direct-flirt.warm"))["dignity"] >= start
    assert last_state(played("direct-flirt.cold"))["dignity"] <= 2
    assert last_state(played("direct-flirt.evasive"))["straight"] < last_state(played("direct-flirt.warm"))["straight"] - 2


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_the_same_seed_is_the_same_conversation(persona_id: str) -> None:
    first = played(f"{persona_id}.jokey", seed=5)
    assert played.__wrapped__(f"{persona_id}.jokey", seed=5) == first


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        ("chatty-regular.chatty", "queue_snaps"),  # nobody let them go in time
        ("misreads-friendliness.chatty", "still_hoping"),  # nobody said no
        ("playful-banterer.efficient", "served_straight"),  # being careful is not being kind
        ("playful-banterer.jokey", "goes_laughing"),  # and play is no fault
        ("does-not-take-no.excuses", "will_be_back"),  # a reason is something to argue with
        ("does-not-take-no.stays", "wears_you_down"),  # the fourth no is a colleague's to say
        ("does-not-take-no.hangs-up", "you_stopped"),  # and stopping is always right
        ("brushed-off.apologiser", "sorry_and_nothing"),  # sorry is not a deed
        ("brushed-off.terse", "done_at_least"),  # and a deed is not yet a person
        ("misses-every-hint.hints", "stays_till_dark"),  # nobody said it
        ("misses-every-hint.sarcastic", "stays_till_dark"),  # and saying it sideways is not saying it
        ("misses-every-hint.question", "goes_gladly"),  # one plain sentence, at any time
        ("misses-every-hint.mends", "goes_gladly"),  # even after a sharp one
        ("direct-flirt.chatty", "left_hoping"),  # fog is a maybe to somebody who asks plainly
        ("direct-flirt.efficient", "no_hard_feelings"),  # a short no is kind enough
        ("direct-flirt.mends", "no_hard_feelings"),  # and a sharp one can be taken back
        ("lonely-widowed.promising", "lays_two_places"),  # more warmth than anybody can keep
        ("lonely-widowed.chatty", "gets_the_cups_down"),  # "maybe some time" is a date
        ("lonely-widowed.efficient", "seen_to"),  # the errand is only half of what they came for
        ("lonely-widowed.confused", "home_the_pretty_way"),  # nobody has to be good at it
        ("cold-hurried.chatty", "crowded_out"),  # friendliness they did not order
        ("cold-hurried.gushing", "shut_again"),  # one sentence was enough
        ("cold-hurried.efficient", "quick_and_clean"),  # quick and right, and nobody there
        ("cold-hurried.confused", "off_the_record"),  # honest is quick enough
        ("accusing-colleague.denies", "thinks_it_still"),  # twelve denials are no question
        ("accusing-colleague.attack", "letter_goes_in"),  # and a bite is no answer
        ("accusing-colleague.grovels", "thinks_it_still"),  # nor is being sorry for nothing in particular
        ("accusing-colleague.efficient", "look_together"),  # asking what was seen is warm enough
        ("accusing-colleague.jokey", "look_together"),  # and a joke can be put right
        ("manager-with-rumour.goes-along", "on_the_file"),  # comfortable, and unfair to somebody
        ("manager-with-rumour.your-name.signs", "on_the_file"),  # even if that is yourself
        ("manager-with-rumour.waves-away", "no_help_there"),  # a rumour laughed off is not gone
        ("manager-with-rumour.attack", "pulls_rank"),  # nor shouted down
        ("manager-with-rumour.terse", "does_it_properly"),  # three short questions do it
        ("passive-aggressive-customer.sarcastic", "duel_won"),  # winning is losing
        ("passive-aggressive-customer.defensive", "leaves_a_review"),  # reasons before regret
        ("passive-aggressive-customer.literal", "nearly_said"),  # "take your time" was not meant
        ("jealous-partner.protests", "takes_the_coats"),  # nobody had said flirting
        ("jealous-partner.freezes", "served_like_a_coat"),  # and going cold is no answer
        ("jealous-partner.straight", "out_together"),  # it is never too late to ask the other one
    ],
)
def test_the_trap_each_was_written_for(script: str, ending: str) -> None:
    assert played(script).ending == ending


def test_what_a_beginning_and_a_joined_line_show_is_on_their_turns() -> None:
    persona = library().persona("accusing-colleague")
    turns = [turn for turn in played("accusing-colleague.terse").turns if turn.role == "customer"]
    assert turns[0].shows == persona.scenarios[0].shows == ("accuses",)
    joined = [turn for turn in turns if turn.facts or turn.fact if turn.move in persona.by_move]
    assert joined and all(set(persona.by_move[turn.move].shows) <= set(turn.shows) for turn in joined if turn.move)


@cache
def judge() -> BuiltinJudge:
    return BuiltinJudge(detector(), library().catalogue)


@cache
def level(script: str, rubric: str) -> int | None:
    """Return the level 1–5, or ``None`` where nothing called for the skill."""
    return asyncio.run(grade(played(script), library().rubric(rubric), judge())).level


def scored(script: str, rubric: str) -> int:
    made = level(script, rubric)
    assert made is not None, f"{script} was not scored for {rubric}"
    return made


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_the_warm_trainee_is_good_at_what_it_trains(persona_id: str) -> None:
    trains = library().persona(persona_id).trains
    levels = {rubric: level(f"{persona_id}.warm", rubric) for rubric in trains}
    known = [made for made in levels.values() if made is not None]
    assert len(known) >= 2 and levels[trains[0]] is not None, levels
    assert min(known) >= 4, levels


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_each_other_way_fails_where_it_fails(persona_id: str) -> None:
    warm = scored(f"{persona_id}.warm", "warmth")
    assert scored(f"{persona_id}.cold", "warmth") <= min(2, warm - 2)
    assert scored(f"{persona_id}.flirty", "boundaries") <= 2
    assert scored(f"{persona_id}.faking", "authenticity") <= min(3, scored(f"{persona_id}.warm", "authenticity") - 1)


@pytest.mark.parametrize("persona_id", PERSONAS)
def test_no_two_ways_are_graded_alike(persona_id: str) -> None:
    rubrics = ("warmth", "boundaries", "authenticity", "service", "substantiation")
    grades = [tuple(level(f"{persona_id}.{style}", rubric) for rubric in rubrics) for style in STYLES]
    assert len(set(grades)) == len(STYLES), grades


@pytest.mark.parametrize("persona_id", ["accusing-colleague", "manager-with-rumour"])
def test_a_charge_is_met_by_asking_and_not_by_anything_else(persona_id: str) -> None:
    for script in ("warm", "efficient", "jokey"):
        assert scored(f"{persona_id}.{script}", "substantiation") >= 4, script
    for script in ("cold", "flirty", "faking"):
        assert scored(f"{persona_id}.{script}", "substantiation") <= 3, script
    assert scored(f"{persona_id}.attack", "substantiation") <= 2


@pytest.mark.parametrize(
    ("script", "rubric", "most"),
    [
        ("accusing-colleague.denies", "substantiation", 3),  # a denial asks nothing
        ("accusing-colleague.grovels", "substantiation", 3),  # nor does an apology
        ("manager-with-rumour.goes-along", "substantiation", 2),  # what nobody saw, believed
        ("manager-with-rumour.waves-away", "substantiation", 2),  # and laughed off
        ("passive-aggressive-customer.sarcastic", "authenticity", 2),  # paid back in kind
        ("jealous-partner.freezes", "warmth", 2),  # safe is not warm
    ],
)
def test_the_trap_shows_in_the_grade(script: str, rubric: str, most: int) -> None:
    assert scored(script, rubric) <= most
