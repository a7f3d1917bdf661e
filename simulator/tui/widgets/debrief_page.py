"""The debrief as a page: what is most useful first, two columns where there is room for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from simulator.tui.widgets.facts import Facts
from simulator.tui.widgets.feelings import FeelingsPlot
from simulator.tui.widgets.findings import ORDER, FindingLine, OutcomeLine, PendingLine, SuggestionLine, one_line
from simulator.tui.widgets.level import stars
from simulator.tui.widgets.words import BAD, CUSTOMER, GOOD, QUIET, Words, words

if TYPE_CHECKING:
    from simulator.domain.rubric import Rubric
    from simulator.domain.transcript import SurveyAnswers
    from simulator.grading.debrief import Debrief

_TITLE_MAX: Final = 18  # cells
_ENDINGS: Final = {"good": ("✓ ", GOOD), "mixed": ("– ", QUIET), "bad": ("✗ ", BAD)}


class DebriefPage(VerticalScroll, can_focus=False):
    """Outcomes, survey and suggestions; then how the customer felt, and what was seen."""

    def __init__(
        self,
        debrief: Debrief,
        pending: Sequence[Rubric] = (),
        why_pending: Mapping[str, str] | None = None,
        *,
        role: str = "customer",
    ) -> None:
        super().__init__(id="page")
        self.debrief = debrief
        self.pending = tuple(pending)
        self.why_pending = why_pending or {}
        self.role = role

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        with Horizontal(id="columns"):
            with Vertical(id="left"):
                yield from self._outcomes()
                yield from self._survey()
                yield from self._suggestions()
            with Vertical(id="right"):
                yield from self._feelings()
                yield from self._findings()
        yield from self._remarks()

    def _outcomes(self) -> Iterable[Widget]:
        debrief = self.debrief
        titles = [each.title for each in debrief.outcomes] + [each.title for each in self.pending]
        width = min(_TITLE_MAX, max((Content(one_line(title)).cell_length for title in titles), default=0))
        mark = _ENDINGS.get(debrief.ending.outcome or "", ("", ""))
        yield Words(words(mark, one_line(debrief.ending.text)), classes="ending")
        for outcome in debrief.outcomes:
            yield OutcomeLine(outcome, width)
        for rubric in self.pending:
            yield PendingLine(rubric, width, self.why_pending.get(rubric.id, ""))

    def _survey(self) -> Iterable[Widget]:
        survey = self.debrief.survey
        if survey is not None:
            yield Words(f"What {one_line(self.debrief.name)} said of it", classes="section")
            yield Words(survey_words(survey, self.role), classes="survey")

    def _suggestions(self) -> Iterable[Widget]:
        suggestions = self.debrief.suggestions
        if suggestions:
            title = "To keep" if all(each.keep for each in suggestions) else "To try next time"
            yield Words(title, classes="section")
            for number, suggestion in enumerate(suggestions, 1):
                yield SuggestionLine(number, suggestion)

    def _remarks(self) -> Iterable[Widget]:
        debrief = self.debrief
        if debrief.note:
            yield Words("What you would do differently", classes="section")
            yield Words(debrief.note, classes="prose")
        if debrief.advice:
            yield Words("What this meeting teaches", classes="section")
            yield Facts([("·", one_line(advice)) for advice in debrief.advice], label_width=2, id="advice")

    def _feelings(self) -> Iterable[Widget]:
        debrief = self.debrief
        if debrief.feelings:
            yield Words(f"How {one_line(debrief.name)} felt, turn by turn", classes="section")
            yield FeelingsPlot(debrief.feelings, len(debrief.transcript.turns), one_line(debrief.name))

    def _findings(self) -> Iterable[Widget]:
        debrief = self.debrief
        for outcome in debrief.outcomes:
            found = [each for each in debrief.findings if each.rubric == outcome.rubric]
            if not found:
                continue
            level = f"level {outcome.level}" if outcome.level is not None else "not scored"
            yield Words(words(one_line(outcome.title), (f" · {level}", QUIET)), classes="section")
            for finding in sorted(found, key=lambda each: ORDER[each.mark]):
                yield FindingLine(finding)


def survey_words(survey: SurveyAnswers, role: str) -> Content:
    """Return the customer's own rating: stars, figures and words."""
    again = "Would come back: " if role == "customer" else "Would be glad to talk again: "
    answer = ("✓ yes", GOOD) if survey.would_return else ("✗ no", BAD)
    parts: list[str | Content | tuple[str, str]] = []
    if survey.comment:
        parts += [(f"“{one_line(survey.comment)}”", f"italic {CUSTOMER}"), "\n"]
    parts += ["Warmth   ", stars(survey.warmth), "\nComfort  ", stars(survey.comfort), "\n", again, answer]
    return words(*parts)
