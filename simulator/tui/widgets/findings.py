"""What was seen: one row a criterion, with its mark, its evidence and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from simulator.domain.text import clean
from simulator.tui.widgets.level import gap_words, level_bar
from simulator.tui.widgets.rows import Row
from simulator.tui.widgets.words import BAD, DOUBT, GOOD, QUIET, words

if TYPE_CHECKING:
    from simulator.domain.rubric import Rubric
    from simulator.grading.debrief import FindingRow, Outcome
    from simulator.grading.suggest import Suggestion

STYLES: Final = {"✓": GOOD, "✗": BAD, "?": DOUBT, "–": QUIET}
# Most useful first: what was missed, what could not be settled, what was met, what did not come up.
ORDER: Final = {"✗": 0, "?": 1, "✓": 2, "–": 3}


def one_line(text: str) -> str:
    """Return text that is safe to show, on one line."""
    return " ".join(clean(text, keep_newlines=False).split())


def standing(finding: FindingRow) -> str:
    """Return what the mark means here, in words."""
    if finding.substantiated is False:
        return "not substantiated, so not counted"
    if finding.mark == "?" and finding.verdict in ("met", "not_met"):
        return "not counted"
    return {"met": "met", "not_met": "not met", "not_judged": "not judged"}.get(finding.verdict, "not applicable")


class FindingLine(Row):
    """One finding. Opening it shows the turn it rests on."""

    HELP = """
    **A finding.** One yes-or-no question of the rubric, and what the conversation shows: `✓` met, `✗` not met, `–` it did not
    come up, `?` it could not be judged, or its quote is not in the conversation (shown, and not counted).
    `enter` shows the turn it rests on, `w` how the level was worked out.
    """

    def __init__(self, finding: FindingRow) -> None:
        self.finding = finding
        mark = finding.mark
        aside = mark == "–"
        if aside:
            lines = [words((f"{one_line(finding.asks)}  {standing(finding)}", QUIET))]
        else:
            lines = [Content(one_line(finding.asks))]
            stands = (standing(finding), STYLES[mark])
            if finding.quote:
                turn = f" · turn {finding.turn} " if finding.turn is not None else " · "
                more = f"  and {len(finding.evidence) - 1} more" if len(finding.evidence) > 1 else ""
                lines.append(words(stands, (turn, QUIET), f"“{one_line(finding.quote)}”", (more, QUIET)))
            elif finding.reason:
                lines.append(words(stands, (f" · {one_line(finding.reason)}", QUIET)))
            else:
                lines.append(words(stands))
        if finding.reason and finding.quote and not aside:
            lines.append(words((one_line(finding.reason), QUIET)))
        super().__init__(words((f"{mark} ", f"bold {STYLES[mark]}")), lines, classes="finding")


def head(title: str, level: int | None, width: int) -> Content:
    """Return a rubric's title and its level, drawn."""
    name = Content(one_line(title)).truncate(width, ellipsis=True).stylize("bold")
    return words(name, " " * (width - name.cell_length + 3), level_bar(level), "   ")


class OutcomeLine(Row):
    """How one rubric came out. Opening it shows the sum."""

    HELP = """
    **A level.** From 1 to 5, with the words that anchor it, beside what you gave yourself. It is a sum over the findings below,
    nothing else: `enter` or `w` shows the sum. Where nothing called for a skill it is *not scored*; where the judge failed
    it says so, and `r` tries again.
    """

    def __init__(self, outcome: Outcome, width: int) -> None:
        """``width`` is that of the widest title, in cells."""
        self.outcome = outcome
        gap = gap_words(outcome.level, outcome.self_level)
        lines = [words(head(outcome.title, outcome.level, width), (gap, QUIET))]
        if outcome.status == "scored":
            lines.append(Content(one_line(outcome.anchor)))
        elif outcome.status == "failed":
            lines.append(words(("Could not be graded: ", DOUBT), one_line(outcome.reason)))
            lines.append(words(("r grade it again · b with the built-in judge", QUIET)))
        else:
            lines.append(words(("Not scored: ", DOUBT), one_line(outcome.reason)))
        super().__init__(Content(""), lines, classes="outcome")


class PendingLine(Row):
    """A rubric without a grade yet. Opening it grades it."""

    HELP = "**Not graded yet.** `r` or `enter` asks the judge again; `b` has the built-in judge read it, with no model at all."

    def __init__(self, rubric: Rubric, width: int, why: str) -> None:
        self.rubric = rubric
        lines = [
            head(rubric.title, None, width),
            words(("Not graded yet", DOUBT), (f": {one_line(why)}" if why else "", "")),
            words(("r grade it · b with the built-in judge", QUIET)),
        ]
        super().__init__(Content(""), lines, classes="outcome")


class SuggestionLine(Row):
    """One moment to try again, or to keep. Opening it shows the turn."""

    HELP = """
    **To try next time.** A moment of this conversation, why it mattered, and a line that would have served better there.
    `enter` shows the moment in the conversation.
    """

    def __init__(self, number: int, suggestion: Suggestion) -> None:
        self.suggestion = suggestion
        lines = [
            words(
                ("Keep: " if suggestion.keep else "", GOOD),
                (f"turn {suggestion.turn} ", QUIET),
                f"“{one_line(suggestion.said)}”",
            )
        ]
        lines += [words((one_line(text), QUIET)) for text in (suggestion.why, suggestion.felt) if text]
        if suggestion.try_instead:
            lines.append(words(("Try: ", f"bold {GOOD}"), f"“{one_line(suggestion.try_instead)}”"))
        super().__init__(words((f"{number}  ", "bold")), lines, classes="suggestion")
