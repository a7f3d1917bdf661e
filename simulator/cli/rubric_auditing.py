"""``fineline rubrics audit``: putting the rooms together, and the report for people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.cli import authored
from simulator.domain.errors import UsageError
from simulator.domain.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.analysis.rubric_audit import CriterionUse, RubricAudit
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.domain.rubric import Rubric

_SAY_EVERY = 50


def audit_rubric(name: str, personas: Sequence[str], *, plays: int, seed: int, as_json: bool) -> None:
    """Audit a rubric with the built-in voice and judge, and write the report."""
    from simulator.analysis import rubric_audit
    from simulator.conversation.voices.builtin import BuiltinVoice
    from simulator.grading.judges.builtin import BuiltinJudge
    from simulator.language.detector import Detector

    library = authored.open_library()
    rubric = library.rubric(name)
    met = _customers(rubric, personas, library)
    detector = Detector.load(library.catalogue)
    voice = BuiltinVoice(detector.encoder)
    judge = BuiltinJudge(detector, library.catalogue)

    def say(done: int) -> None:
        if done % _SAY_EVERY == 0:
            authored.say(f"{done} conversations graded")

    conversations = rubric_audit.served(met, voice=voice, detector=detector, plays=plays, seed=seed)
    found = asyncio.run(rubric_audit.audit_rubric(rubric, conversations, judge, on_done=say))
    if as_json:
        authored.print_json({**found.as_json(), "personas": [each.id for each in met]})
        return
    for line in report(found, met):
        print(clean(line, keep_newlines=False))


def _customers(rubric: Rubric, named: Sequence[str], library: Library) -> list[Persona]:
    """Return whom the trainees meet: those named, else those that train the skill, else everybody."""
    if named:
        return [library.persona(each) for each in dict.fromkeys(named)]
    everybody = [entry.value for entry in library.personas.values()]
    found = [each for each in everybody if rubric.id in each.trains] or everybody
    if not found:
        raise UsageError("There is nobody to meet.", hint="Name a persona with --persona, or see 'fineline personas check'.")
    return found


def report(found: RubricAudit, met: Sequence[Persona]) -> list[str]:
    """Return the audit in lines for people: levels by style, criteria one by one, and what to look at."""
    who = ", ".join(each.id for each in met[:4]) + (f" and {len(met) - 4} more" if len(met) > 4 else "")
    lines = [f"{found.rubric.id}: {found.conversations} conversations with {who}; judge: {found.judge}", ""]
    head = ["trainee", "level", *(str(level) for level in range(1, 6)), "not scored"]
    rows = [head]
    for style in found.styles:
        levels, mean = found.levels.get(style, []), found.mean(style)
        counts = [str(levels.count(level) or "·") for level in range(1, 6)]
        rows.append([style, f"{mean:.1f}" if mean is not None else "–", *counts, str(found.not_scored[style] or "·")])
    lines += _table(rows)
    head = ["criterion", "met", "not met", "n/a", "not judged", *found.styles]
    rows = [head]
    for name, use in found.criteria.items():
        counts = [str(each or "·") for each in (use.met, use.not_met, use.not_applicable, use.not_judged + use.uncounted)]
        rows.append([name, *counts, *(_share(use, style) for style in found.styles)])
    lines += ["", *_table(rows), "", "a style's column: how often it was met of how often it counted"]
    remarks = found.remarks()
    lines += ["", "to look at:" if remarks else "every criterion applied, told trainees apart and was met and missed"]
    return [*lines, *(f"  {each}" for each in remarks)]


def _share(use: CriterionUse, style: str) -> str:
    met, of = use.by_style.get(style, (0, 0))
    return f"{met}/{of}" if of else "·"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
