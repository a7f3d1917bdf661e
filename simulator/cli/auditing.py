"""``fineline personas audit``: putting the rooms together, and the report for people."""

from __future__ import annotations

import asyncio
from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import typer

from simulator.cli import authored
from simulator.domain.errors import EXIT_FAILURE, UsageError
from simulator.domain.text import clean

if TYPE_CHECKING:
    from simulator.analysis.audit import Audit
    from simulator.conversation.scene import Voice

_MOST_SHOWN = 20


def audit_persona(name: str, *, voice: Literal["builtin", "model"], plays: int, seed: int, as_json: bool) -> None:
    """Audit a persona, write the report, and exit with 1 where something is plainly wrong."""
    from simulator import settings
    from simulator.analysis.audit import audit
    from simulator.conversation.voices.builtin import BuiltinVoice
    from simulator.grading.judges.builtin import BuiltinJudge
    from simulator.language.detector import Detector

    configured = settings.load()
    library = authored.open_library()
    persona = library.persona(name)
    asked = configured.model_copy(update={"voice": "auto"}) if configured.voice == "builtin" else configured
    endpoint = settings.voice_endpoint(asked) if voice == "model" else None
    if voice == "model" and endpoint is None:
        raise UsageError(
            "There is no language model to speak with.",
            hint="Set OPENAI_API_KEY or OPENAI_BASE_URL, or choose one with 'fineline models'; or use --voice builtin.",
        )
    detector = Detector.load(library.catalogue)
    rubrics = [library.rubric(skill) for skill in persona.trains if skill in library.rubrics]

    async def hold() -> Audit:
        speaks: Voice = BuiltinVoice(detector.encoder)
        chat = None
        if endpoint is not None:
            from simulator.conversation.voices.model import ModelVoice
            from simulator.models.chat import ChatModel

            chat = ChatModel(endpoint)
            speaks = ModelVoice(chat, BuiltinVoice(detector.encoder))
        try:
            return await audit(
                persona, voice=speaks, detector=detector, judge=BuiltinJudge(detector, library.catalogue), rubrics=rubrics,
                plays=plays, seed=seed,
                on_play=(lambda done, all_: authored.say(f"{done} of {all_} conversations held")) if chat is not None else None,
            )  # fmt: skip
        finally:
            if chat is not None:
                await chat.aclose()

    found = asyncio.run(hold())
    if as_json:
        authored.print_json(found.as_json())
    else:
        for line in report(found):
            print(clean(line, keep_newlines=False))
    if found.faults:
        raise typer.Exit(EXIT_FAILURE)


def report(found: Audit) -> list[str]:
    """Return the audit in lines for people: what each style led to, what differs, and what is wrong."""
    mean, most = found.words_a_turn
    styles = list(dict.fromkeys(play.style for play in found.plays))
    rubrics = list(dict.fromkeys(rubric for play in found.plays for rubric in play.levels))
    lines = [f"{found.persona}: {len(found.plays)} conversations, {found.voice} voice", ""]
    head = ["trainee", "turns", *rubrics, "warmth felt", "comfort", "back?", "endings"]
    rows = [head]
    for style in styles:
        plays = [play for play in found.plays if play.style == style]
        surveys = [play.survey for play in plays if play.survey is not None]
        levels = [[play.levels[rubric] for play in plays if rubric in play.levels] for rubric in rubrics]
        back = sum(each.would_return for each in surveys)
        rows.append([
            style,
            f"{fmean(play.trainee_turns for play in plays):.0f}",
            *(f"{fmean(each):.1f}" if each else "–" for each in levels),
            f"{fmean(each.warmth for each in surveys):.1f}" if surveys else "–",
            f"{fmean(each.comfort for each in surveys):.1f}" if surveys else "–",
            f"{back}/{len(surveys)}",
            ", ".join(f"{name}{f' ×{count}' if count > 1 else ''}" for name, count in Counter(p.ending for p in plays).items()),
        ])  # fmt: skip
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += ["", f"words a turn: {mean:.1f} on average, {most} at most"]
    if found.held_back:
        lines.append("held back by the guard: " + ", ".join(f"{name} ×{count}" for name, count in found.held_back.items()))
    lines.append(f"endings not reached: {', '.join(found.unreached) or 'none'}")
    if found.gaps:
        least = min(found.gaps, key=lambda gap: gap.by)
        lines.append(f"nearest styles: {least.one} and {least.other}, {least.by:.1f} apart at most ({least.feeling})")
        alike = [f"{gap.one} and {gap.other}" for gap in found.gaps if gap.alike]
        if alike:
            lines.append(f"met as if they were one: {'; '.join(alike)}")
    if not found.faults:
        return [
            *lines,
            "in role, facts consistent, nothing said twice, no slot unfilled, nobody left early or said goodbye for ever",
        ]
    lines += ["", f"wrong ({len(found.faults)}):"]
    lines += [f"  {fault}" for fault in found.faults[:_MOST_SHOWN]]
    if len(found.faults) > _MOST_SHOWN:
        lines.append(f"  … and {len(found.faults) - _MOST_SHOWN} more; --json lists them all")
    return lines
