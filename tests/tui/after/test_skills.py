"""Which rubrics a meeting is graded by."""

from __future__ import annotations

from types import SimpleNamespace

from simulator.tui.skills import rubrics_for


def shelf(rubrics, **origins):
    extra = {key: rubrics[0].model_copy(update={"id": key, "title": key.title()}) for key in origins}
    entries = {each.id: SimpleNamespace(value=each, origin="shipped") for each in rubrics}
    entries |= {key: SimpleNamespace(value=each, origin=origins[key]) for key, each in extra.items()}
    return SimpleNamespace(rubrics=entries)


def ids(persona, library):
    return [each.id for each in rubrics_for(persona, library)]


def test_what_is_trained_comes_first_and_trainers_own_last(persona, rubrics):
    library = shelf(rubrics, substantiation="shipped", zeal="here", calm="settings")
    assert ids(persona, library) == ["boundaries", "warmth", "authenticity", "service", "calm", "zeal"]


def test_a_shipped_rubric_beyond_the_usual_is_for_those_who_train_it(persona, rubrics):
    trained = persona.model_copy(update={"trains": ("substantiation", "warmth")})
    assert ids(trained, shelf(rubrics, substantiation="shipped")) == [
        "substantiation",
        "warmth",
        "boundaries",
        "authenticity",
        "service",
    ]


def test_a_colleague_is_not_served(persona, rubrics):
    colleague = persona.model_copy(update={"role": "colleague"})
    assert ids(colleague, shelf(rubrics)) == ["boundaries", "warmth", "authenticity"]


def test_a_rubric_that_is_not_there_is_left_out(persona, rubrics):
    assert ids(persona, shelf([each for each in rubrics if each.id == "service"])) == ["service"]
