"""One question of a rubric, as a rater reads it: when it applies, both sides of the line, what was answered and marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from simulator.domain.text import clean
from simulator.tui.widgets.findings import one_line
from simulator.tui.widgets.words import BAD, DOUBT, GOOD, QUIET, Words, words

if TYPE_CHECKING:
    from simulator.batch.review import Question
    from simulator.domain.grade import Verdict
    from simulator.domain.rubric import Criterion
    from simulator.grading.person import Answer

# Key, verdict, words, mark and its style.
CHOICES: Final[tuple[tuple[str, Verdict, str, str, str], ...]] = (
    ("m", "met", "met", "✓", GOOD),
    ("n", "not_met", "not met", "✗", BAD),
    ("a", "not_applicable", "does not apply", "–", QUIET),
    ("c", "not_judged", "cannot say", "?", DOUBT),
)
OPEN_MARK: Final = "·"
_MARKS: Final = {verdict: (mark, style) for _, verdict, _, mark, style in CHOICES}


def applies_words(criterion: Criterion, behaviours: Mapping[str, str]) -> str:
    """Return in a sentence when a question applies; ``behaviours`` are titles by id."""

    def named(ids: Sequence[str]) -> str:
        titles = [behaviours.get(each, each.replace("_", " ")) for each in ids]
        return ", ".join(f"{title[:1].lower()}{title[1:]}" for title in titles)

    applies = criterion.applies
    parts = []
    if applies.customer:
        parts.append(f"the customer shows any of: {named(applies.customer)}")
    if applies.trainee:
        parts.append(f"the trainee shows any of: {named(applies.trainee)}")
    if applies.min_turns > 1:
        parts.append(f"the trainee speaks {applies.min_turns} times or more")
    return f"Applies when {'; and '.join(parts)}." if parts else "Applies always."


class QuestionPane(VerticalScroll):
    """The question in hand. Scrolls where it is longer than the screen."""

    HELP = """
    **The question.** Answer it with `m` met, `n` not met, `a` does not apply, `c` cannot say (or `1` `2` `3` `4`); `backspace`
    takes the answer back. `↑` `↓` scroll here, `tab` goes back to the conversation.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.step(-1)", "Question before", id="review.before", show=False, tooltip="The question before"),
        Binding("right", "screen.step(1)", "Question after", id="review.after", show=False, tooltip="The question after"),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the words."""
        yield Words(id="asked")

    def show(
        self,
        asked: Question,
        answer: Answer,
        others: Sequence[Verdict | None],
        at: int,
        *,
        behaviours: Mapping[str, str],
        marked: Sequence[tuple[int, str]],
    ) -> None:
        """Show a question with its answer. ``others`` are the answers to all of the rubric's, ``at`` the place of this one
        among them; ``marked`` are turns and their words."""
        criterion = asked.criterion
        parts: list[Content | str | tuple[str, str]] = [
            (f"{one_line(asked.rubric.title)}", "bold"), (f"  question {asked.number} of {asked.of}\n", QUIET),
            _row(others, at), "\n\n",
            (clean(criterion.asks), "bold"), "\n\n",
        ]  # fmt: skip
        for key, verdict, text, mark, style in CHOICES:
            chosen = answer.verdict == verdict
            parts.append((f" {key} ", "bold $primary"))
            parts.append((f" {mark} {text} ", f"bold reverse {style}" if chosen else ""))
            parts.append("  (your answer)\n" if chosen else "\n")
        parts += ["\n", (applies_words(criterion, behaviours), QUIET), "\n\n"]
        if marked:
            parts.append(("Shown in\n", QUIET))
            for turn, text in marked:
                parts += [(f"  turn {turn}  ", QUIET), f"“{one_line(text)}”\n"]
            parts.append("\n")
        if answer.note:
            parts += [("Your note  ", QUIET), clean(answer.note), "\n\n"]
        for title, examples in (
            ("Met, for example", criterion.examples.met),
            ("Not met, for example", criterion.examples.not_met),
        ):
            if examples:
                parts.append((f"{title}\n", QUIET))
                parts += [f"  “{one_line(each)}”\n" for each in examples]
        self.query_one("#asked", Words).update(words(*parts))

    @property
    def words(self) -> str:
        """What is shown, in plain words."""
        return str(self.query_one("#asked", Words).content)


def _row(answers: Sequence[Verdict | None], at: int) -> Content:
    """Return the answers of a rubric as a row of marks, with the question in hand between brackets."""
    parts: list[tuple[str, str]] = []
    for number, verdict in enumerate(answers):
        mark, style = _MARKS[verdict] if verdict is not None else (OPEN_MARK, QUIET)
        parts.append((f"[{mark}]" if number == at else f" {mark} ", f"bold {style}" if number == at else style))
    return Content.assemble(*parts)
