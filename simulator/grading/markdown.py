"""The debrief as a Markdown page: complete enough to be checked, and argued with, without the app.

Words of people, models and files are escaped, so that they read as they were said whatever marks they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulator.domain.text import clean
from simulator.domain.transcript import Versions
from simulator.grading.debrief import MARK_WORDS, Debrief, FeelingCurve, FindingRow, Outcome
from simulator.grading.suggest import Suggestion

# CommonMark lets any ASCII punctuation be escaped; these are the marks that can mean something inside a line.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$^])")
# … and these at its beginning: lists, headings underlined, numbered lists.
_OPENING = re.compile(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))")


def escape(text: str) -> str:
    """Return ``text`` as one line that Markdown shows as it is."""
    line = " ".join(clean(text).split())
    line = _SPECIAL.sub(r"\\\1", line)
    return _OPENING.sub(lambda match: _opened(match[1], match[2]), line)


def _opened(space: str, mark: str) -> str:
    # "1." is kept from being a list by escaping the dot, which needs the number to stay as it is.
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def to_markdown(debrief: Debrief) -> str:
    """Return the debrief as a Markdown page, ending in a newline."""
    parts = [
        _head(debrief),
        _levels(debrief.outcomes),
        _survey(debrief),
        _tries(debrief.suggestions),
        _findings(debrief),
        _feelings(debrief.feelings),
        _arithmetic(debrief.outcomes),
        _words(debrief),
        _made_with(debrief),
    ]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _quote(text: str) -> str:
    return f"“{escape(text)}”"


def _points(value: float, sign: str = "") -> str:
    """Return a feeling with at most one decimal."""
    return format(round(value, 1) + 0.0, f"{sign}.3g")


def _head(debrief: Debrief) -> Iterator[str]:
    yield f"# Debrief: {escape(debrief.name)}"
    yield ""
    yield escape(debrief.summary)
    yield ""
    yield f"- Where: {escape(debrief.place)}"
    yield f"- You were: {escape(debrief.trainee)}"
    yield f"- How it ended: {escape(debrief.ending.text)}"
    if debrief.note:
        yield f"- Your note: {escape(debrief.note)}"


def _levels(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not outcomes:
        return
    yield "## Levels"
    yield ""
    yield "| Skill | Level | What that is | You said |"
    yield "| --- | --- | --- | --- |"
    for each in outcomes:
        level = f"{each.level} of 5" if each.level is not None else each.status.replace("_", " ")
        text = each.anchor if each.level is not None else each.reason
        said = str(each.self_level) if each.self_level is not None else "–"
        yield f"| {escape(each.title)} | {level} | {escape(text)} | {said} |"
    gaps = [each for each in outcomes if each.gap_words]
    if gaps:
        yield ""
        for each in gaps:
            yield f"- {escape(each.title)}: {escape(each.gap_words)}"


def _survey(debrief: Debrief) -> Iterator[str]:
    survey = debrief.survey
    if survey is None:
        return
    yield f"## What {escape(debrief.name)} said about it"
    yield ""
    yield f"- Warmth: {_points(survey.warmth)} of 10"
    yield f"- Comfort: {_points(survey.comfort)} of 10"
    yield f"- Would come back: {'yes' if survey.would_return else 'no'}"
    if survey.comment:
        yield f"- {_quote(survey.comment)}"


def _tries(suggestions: Sequence[Suggestion]) -> Iterator[str]:
    if not suggestions:
        return
    yield "## To try"
    yield ""
    for number, each in enumerate(suggestions, 1):
        if number > 1:
            yield ""
        yield f"{number}. Turn {each.turn}, you said {_quote(each.said)}"
        yield ""
        yield f"   {escape(each.why)}"
        if each.felt:
            yield ""
            yield f"   The customer: {escape(each.felt)}"
        if each.try_instead:
            by = " (worded by a model)" if each.source == "model" else ""
            yield ""
            yield f"   Try{by}: **{escape(each.try_instead)}**"


def _findings(debrief: Debrief) -> Iterator[str]:
    if not debrief.findings:
        return
    yield "## Findings"
    for outcome in debrief.outcomes:
        rows = [each for each in debrief.findings if each.rubric == outcome.rubric]
        if not rows:
            continue
        yield ""
        yield f"### {escape(outcome.title)}"
        yield ""
        for row in rows:
            if row.verdict != "not_applicable":
                yield from _finding(row)
        idle = [escape(row.asks) for row in rows if row.verdict == "not_applicable"]
        if idle:
            yield f"- – Not applicable: {' · '.join(idle)}"


def _finding(row: FindingRow) -> Iterator[str]:
    state = MARK_WORDS[row.mark]
    if row.substantiated is False:
        state = f"{row.verdict.replace('_', ' ')}, but not substantiated and not counted"
    yield f"- {row.mark} {escape(row.asks)} ({state})"
    for each in row.evidence:
        yield f"  - turn {each.turn}: {_quote(each.quote)}"
    if row.reason:
        yield f"  - {escape(row.reason)}"


def _feelings(curves: Sequence[FeelingCurve]) -> Iterator[str]:
    if not curves:
        return
    yield "## How the customer felt"
    for curve in curves:
        start, end = curve.points[0][1], curve.points[-1][1]
        yield ""
        yield f"### {escape(curve.means[:1].upper() + curve.means[1:])}"
        yield ""
        yield f"From {_points(start)} to {_points(end)} of 10 (hope for {curve.good})."
        if curve.moments:
            yield ""
        for each in curve.moments:
            moved = f"{_points(each.by, '+')}, to {_points(each.to)}"
            yield f"- turn {each.turn}: {moved}: {escape(each.because_words)}, {_quote(each.quote)}"


def _arithmetic(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not outcomes:
        return
    yield "## The arithmetic"
    for each in outcomes:
        runs = [len(run) for run in re.findall(r"`+", each.arithmetic)]
        fence = "`" * max(3, 1 + max(runs, default=0))
        yield ""
        yield f"### {escape(each.title)}, sum"
        yield ""
        yield f"{fence}text"
        yield each.arithmetic
        yield fence


def _words(debrief: Debrief) -> Iterator[str]:
    if not debrief.transcript.turns:
        return
    yield "## The conversation"
    yield ""
    for number, turn in enumerate(debrief.transcript.turns, 1):
        speaker = "You" if turn.role == "trainee" else escape(debrief.name)
        cut = " (cut off)" if turn.partial else ""
        yield f"{number}. **{speaker}**{cut}: {escape(turn.text)}"


def _made_with(debrief: Debrief) -> Iterator[str]:
    transcript, grades = debrief.transcript, [each.grade for each in debrief.outcomes]
    voices = dict.fromkeys(turn.voice for turn in transcript.turns if turn.voice)
    yield "## Made with"
    yield ""
    yield f"- Conversation: {escape(transcript.id)}"
    scenario = f", scenario {escape(transcript.scenario)}" if transcript.scenario else ""
    yield f"- Persona: {escape(debrief.persona)}{_version(debrief.versions.persona)}{scenario}"
    yield f"- Played as: {escape(transcript.identity or debrief.name)}"
    yield f"- Seed: {transcript.seed if transcript.seed is not None else 'none'}"
    yield f"- Voice: {', '.join(map(escape, voices)) or 'not recorded'}"
    yield f"- Judge: {', '.join(dict.fromkeys(escape(each.judge) for each in grades)) or 'none'}"
    for each in grades:
        made = _versions(rubric=each.versions.rubric, prompt=each.versions.prompt, detector=each.versions.detector)
        yield f"- Rubric {escape(each.rubric)}: {made or 'version not recorded'}"
    calls = sum(each.usage.calls for each in grades)
    if calls:
        taken, given = sum(each.usage.input_tokens for each in grades), sum(each.usage.output_tokens for each in grades)
        about = "about " if any(each.usage.estimated for each in grades) else ""
        yield f"- Judging took {calls} calls, {about}{taken} tokens read and {given} written"
    yield f"- Fineline {_fineline(debrief.versions, [each.versions.fineline for each in grades])}"


def _version(version: str | None) -> str:
    return f" (version {escape(version)})" if version else ""


def _versions(**parts: str | None) -> str:
    return ", ".join(f"{name} {escape(value)}" for name, value in parts.items() if value)


def _fineline(versions: Versions, graded: Sequence[str | None]) -> str:
    talked = versions.fineline or "unknown"
    judged = next((each for each in graded if each), None)
    return (
        escape(talked)
        if judged in (None, talked)
        else f"{escape(talked)} for the conversation, {escape(judged or '')} for the grade"
    )
