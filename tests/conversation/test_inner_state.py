"""Feelings: reactions by strength, wearing off, drift, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.conversation import survey
from simulator.conversation.inner_state import InnerState
from simulator.domain.behaviour import Heard
from simulator.domain.persona import Persona
from simulator.domain.transcript import Turn


def heard(*behaviours: str, strength: float = 1.0) -> tuple[Heard, ...]:
    return tuple(Heard(id=each, strength=strength) for each in behaviours)


@pytest.fixture
def state(robin: Persona) -> InnerState:
    return InnerState(robin, robin.scenarios[0])


def test_a_reaction_counts_by_strength_and_says_why(state):
    moved = state.hear("What a pity.", heard("acknowledges_feeling", strength=0.8))
    assert state.feelings["trust"] == pytest.approx(6.2)
    assert [(each.feeling, each.because) for each in moved] == [
        ("trust", "acknowledges_feeling"),
        ("patience", "acknowledges_feeling"),
        ("patience", "time"),
    ]
    assert all(each.to == state.feelings[each.feeling] for each in moved if each.because == "time")


def test_what_is_barely_heard_does_not_count(state):
    state.hear("…", heard("hostile", strength=0.49))
    assert state.feelings["trust"] == 5 and not state.call("ever", "hostile")


def test_kindness_wears_off_and_harm_does_not(state):
    steps = []
    for _ in range(3):
        before = state.feelings["trust"]
        state.hear("Sorry.", heard("apologises"))
        steps.append(round(state.feelings["trust"] - before, 3))
    assert steps == [1, 0.7, 0.49]
    state.feelings["trust"] = 10
    drops = []
    for _ in range(2):
        before = state.feelings["trust"]
        state.hear("No.", heard("curt"))
        drops.append(before - state.feelings["trust"])
    assert drops == [1, 1]


def test_what_counts_as_kind_follows_the_good_end_of_the_feeling(state):
    for expected in (2.0, 1.0, 0.3):
        state.hear("I can.", heard("offers_solution"))
        assert state.feelings["doubt"] == pytest.approx(max(expected - 1, 0) if expected == 2 else state.feelings["doubt"])
    before = state.feelings["doubt"]
    state.hear("Valued.", heard("stock_phrase"))
    state.hear("Valued.", heard("stock_phrase"))
    assert state.feelings["doubt"] == pytest.approx(before + 4)


def test_the_task_stays_done(state):
    state.hear("There you go.", heard("solves"))
    state.hear("Hm.", ())
    assert state.task_done and state.value("task_done") == 1


def test_a_move_moves_the_one_who_makes_it(state):
    moved = state.act(Turn(role="customer", text="I've heard that tune before.", move="doubts"))
    assert [(each.feeling, each.by, each.because) for each in moved] == [("patience", -1, "doubts")]
    assert state.call("did", "doubts") == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["hostile", "solves", "apologises", "curt", "stock_phrase", "nothing"]), max_size=3), max_size=12
    ),
    st.data(),
)
def test_state_is_a_fold_and_stays_within_bounds(robin, behaviours, data):
    scenario = robin.scenarios[0]
    state = InnerState(robin, scenario)
    turns: list[Turn] = []
    for shown in behaviours:
        strength = data.draw(st.floats(0, 1))
        moved = state.hear("Well.", heard(*dict.fromkeys(shown), strength=strength))
        turns.append(
            Turn(
                role="trainee",
                text="Well.",
                behaviours=heard(*dict.fromkeys(shown), strength=strength),
                moved=moved,
                state=dict(state.feelings),
            )
        )
        assert all(0 <= value <= 10 for value in state.feelings.values())
    assert InnerState.of(robin, scenario, turns).feelings == state.feelings
    again = InnerState(robin, scenario)
    assert [again.live(turn, trust_record=False) for turn in turns] == [turn.moved for turn in turns]


def test_survey_is_read_off_the_final_state(robin, state):
    state.feelings |= {"trust": 9.04, "doubt": 3.5}
    answers = survey.answer(robin, robin.identities[1], state)
    assert (answers.warmth, answers.comfort, answers.would_return) == (9.0, 6.5, True)
    state.hear("There you go.", heard("solves"))
    assert survey.answer(robin, robin.identities[1], state).comment == "He sorted me out."
