"""A person rates: the transcript on the left, one question at a time on the right, and no machine's grade in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from simulator.domain.errors import FinelineError
from simulator.domain.text import clean
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.screens.turns import marked
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.question import QuestionPane
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import CUSTOMER, GOOD, QUIET, TRAINEE, Words, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulator.batch.review import Review
    from simulator.domain.grade import Verdict
    from simulator.tui.reading import Reading

NOTE_MAX = 2000  # characters


class ReviewTurns(OptionList):
    """The conversation, one turn an option."""

    HELP = """
    **The conversation.** `↑` `↓` walk from turn to turn, page up and page down by the page; `shift+↑` `shift+↓` scroll inside a
    long turn. `space` marks the trainee's turn under the cursor as what shows it, `w` some of its words. Marks are optional;
    they make a rating one that can be talked about.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.go_on", "Next", id="review.enter", tooltip="Go to the next question that is open"),
        Binding("left", "screen.step(-1)", "Question before", id="review.before", show=False, tooltip="The question before"),
        Binding("right", "screen.step(1)", "Question after", id="review.after", show=False, tooltip="The question after"),
        Binding("shift+up", "scroll_by(-1)", "Scroll up", id="review.scroll_up", show=False, tooltip="Scroll up by a line"),
        Binding(
            "shift+down", "scroll_by(1)", "Scroll down", id="review.scroll_down", show=False, tooltip="Scroll down by a line"
        ),
    ]

    def action_scroll_by(self, lines: int) -> None:
        """Scroll without moving the cursor."""
        self.scroll_relative(y=lines, animate=False)


def _answers() -> list[BindingType]:
    choices = (
        ("m,1", "met", "Met", "Yes: the conversation shows it"),
        ("n,2", "not_met", "Not met", "No: it was called for and is not there"),
        ("a,3", "not_applicable", "N/A", "Nothing in this conversation called for it"),
        ("c,4", "not_judged", "Can't say", "It cannot be told from the words"),
    )
    return [
        Binding(keys, f"say('{verdict}')", name, id=f"review.{verdict}", key_display=keys[0], tooltip=f"{tip} (or {keys[-1]})")
        for keys, verdict, name, tip in choices
    ]


class ReviewScreen(FinelineScreen[None]):
    """Rating by hand. Every key is on disk before the next."""

    CSS_PATH = "../styles/review.tcss"
    HELP = """
    ## Rate conversations

    Read, then answer each question about the trainee with `m` met, `n` not met, `a` not applicable or `c` cannot say, and go on
    with `enter`. The grade that a machine gave is not shown, and neither is what your answers add up to: answer what you see.
    Everything is kept as you press it; leave with `q` at any time, and the same command goes on where you stopped.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Next", id="review.enter", tooltip="Go to the next question that is open"),
        *_answers(),
        Binding(
            "space",
            "mark",
            "Mark",
            id="review.mark",
            tooltip="Mark the turn under the cursor as what shows it, or unmark it",
        ),
        Binding("w", "mark_words", "Words", id="review.words", tooltip="Mark some words of the turn under the cursor"),
        Binding("u,ctrl+z", "undo", "Undo", id="review.undo", key_display="u", tooltip="Take back what you did last"),
        Binding(
            "full_stop", "go(1)", "Next conversation", id="review.next", key_display=".", tooltip="Go to the next conversation"
        ),
        Binding(
            "comma", "go(-1)", "The one before", id="review.previous", key_display=",", tooltip="Go to the conversation before"
        ),
        Binding("t", "note", "Note", id="review.note", tooltip="Write a note on this answer"),
        Binding("backspace,delete,0", "say('')", "Take back", id="review.clear", show=False, tooltip="Take this answer back"),
        Binding(
            "g", "go_open", "First open", id="review.open", show=False, tooltip="Go to the first question that is still open"
        ),
        Binding("question_mark", "app.help", "Help", id="review.help", show=False, tooltip="Explain the screen and its keys"),
        Binding("q,escape", "leave", "Leave", id="review.leave", key_display="q", tooltip="Leave; everything is kept"),
    ]

    def __init__(self, review: Review, *, behaviours: Mapping[str, str] | None = None, beginning: Sequence[str] = ()) -> None:
        """``behaviours`` are titles by id; ``beginning`` is what to know before one begins."""
        super().__init__()
        self.review = review
        self._behaviours = behaviours or {}
        self._beginning = tuple(beginning)
        self._item = -1
        self._reading: Reading | None = None
        self._marks: dict[int, tuple[str, ...]] = {}

    @property
    def would_lose_words(self) -> bool:
        """Whether the disk did not take something."""
        return bool(self.review.unsaved)

    @property
    def reading(self) -> Reading:
        """The transcript in hand as it is read here."""
        assert self._reading is not None  # noqa: S101 - there is one from the first look on
        return self._reading

    def compose(self) -> ComposeResult:
        """Lay out head, conversation and question."""
        yield TopBar(id="top")
        yield Words(id="banner")
        with Horizontal(id="body"):
            yield ReviewTurns(markup=False)
            yield QuestionPane()
        yield KeyBar()

    def on_mount(self) -> None:
        """Open where one stopped."""
        self.turns.focus()
        self._show()
        if self._beginning:
            self.notify(clean("\n".join(self._beginning)), timeout=10)

    @property
    def turns(self) -> ReviewTurns:
        """The conversation."""
        return self.query_one(ReviewTurns)

    # Showing

    def _show(self) -> None:
        review = self.review
        new = review.item != self._item
        if new:
            self._open()
        self._show_marks(again=new)
        self._show_question(new=new)
        done, count = review.done, len(review.work.items)
        state = f"conversation {review.item + 1} of {count}"
        left = [(state, "bold $foreground"), (f"{review.answered()} of {len(review.questions)} answered", "")]
        self.query_one("#top", TopBar).show(
            left=left,
            right=[(f"{done} finished", GOOD if done == count else ""), (clean(review.file.rater, keep_newlines=False), "")],
        )

    def _open(self) -> None:
        from simulator.tui.reading import Reading

        self._item = self.review.item
        self._reading = Reading(self.review.transcript, blind=self.review.blind_names)
        self._marks = {}
        turns = self.turns
        turns.clear_options()
        turns.add_options([Option(self._prompt(number)) for number in range(1, len(self.reading.texts) + 1)])
        turns.highlighted = 0 if self.reading.texts else None
        turns.scroll_home(animate=False)

    def _prompt(self, number: int) -> Content:
        trainee = self.reading.is_trainee(number)
        quotes = self._marks.get(number, ())
        who = ("Trainee", f"bold {TRAINEE}") if trainee else ("Customer", f"bold {CUSTOMER}")
        mark = ("  ● marked", f"bold {GOOD}") if quotes else ("", "")
        return Content("\n").join(
            [words(who, (f"  turn {number}", QUIET), mark), marked(self.reading.texts[number - 1], quotes), Content("")]
        )

    def _show_marks(self, *, again: bool) -> None:
        """Show what is marked for the question in hand; only turns where that changes are drawn anew."""
        marks: dict[int, tuple[str, ...]] = {}
        for each in self.review.answer.evidence:
            marks[each.turn] = (*marks.get(each.turn, ()), self.reading.shown(each))
        before, self._marks = self._marks, marks
        for number in sorted(before.keys() | marks.keys()):
            if (again or before.get(number) != marks.get(number)) and number <= len(self.reading.texts):
                self.turns.replace_option_prompt_at_index(number - 1, self._prompt(number))

    def _show_question(self, *, new: bool) -> None:
        review = self.review
        asked = review.asked
        first = review.question - asked.number + 1
        others: list[Verdict | None] = [review.answer_to(at).verdict for at in range(first, first + asked.of)]
        pane = self.query_one(QuestionPane)
        marks = [(number, quote) for number, quotes in sorted(self._marks.items()) for quote in quotes]
        pane.show(asked, review.answer, others, asked.number - 1, behaviours=self._behaviours, marked=marks)
        if new or getattr(self, "_question_shown", None) != review.question:
            self._question_shown = review.question
            pane.scroll_home(animate=False)

    def _changed(self, change: Any) -> Any:
        """Make a change, and show what came of it, whether or not the disk took it."""
        try:
            outcome = change()
            self._say_unsaved("")
        except FinelineError as error:
            outcome = None
            self._say_unsaved(clean(f"NOT SAVED. {error.message} It is tried again with every key."))
        self._show()
        return outcome

    def _say_unsaved(self, text: str) -> None:
        banner = self.query_one("#banner", Words)
        banner.update(text)
        banner.set_class(bool(text), "-shown")

    # Answering

    def action_say(self, verdict: str) -> None:
        """Answer the question in hand, or take the answer back."""
        said: Any = verdict or None
        self._changed(lambda: self.review.say(said))

    def action_undo(self) -> None:
        """Take back what was done last."""
        before = self.review.item, self.review.question
        if self._changed(self.review.undo) is False:
            self.notify("There is nothing to take back.", timeout=2)
        elif before != (self.review.item, self.review.question):
            self.notify("Taken back, in another place than where you were.", timeout=2)

    def action_note(self) -> None:
        """Write a note on the answer in hand."""
        from simulator.tui.screens.dialogs import AskText

        def keep(text: str | None) -> None:
            if text is not None:
                self._changed(lambda: self.review.note(clean(text, keep_newlines=False)[:NOTE_MAX]))

        why = "Why, or what made it hard to say. Leave it empty to take a note away."
        dialog = AskText("Your note", why, current=self.review.answer.note, may_be_empty=True)
        self.app.push_screen(dialog, keep)

    def _turn_to_mark(self) -> int | None:
        at = self.turns.highlighted
        if at is None:
            return None
        if not self.reading.is_trainee(at + 1):
            self.notify("An answer rests on what the trainee said: mark one of their turns.", timeout=4)
            return None
        return at + 1

    def action_mark(self) -> None:
        """Mark the turn under the cursor, or take its marks off."""
        turn = self._turn_to_mark()
        if turn is None:
            return
        if turn in self._marks:
            self._changed(lambda: self.review.unmark(turn))
            return
        self._mark(turn, self.reading.whole(turn))

    def action_mark_words(self) -> None:
        """Choose words of the turn under the cursor."""
        from simulator.tui.screens.span import SpanScreen

        turn = self._turn_to_mark()
        if turn is None:
            return

        def keep(chosen: str | None) -> None:
            if chosen:
                self._mark(turn, chosen)

        self.app.push_screen(SpanScreen(f"Turn {turn}: which words show it?", self.reading.texts[turn - 1]), keep)

    def _mark(self, turn: int, quote: str) -> None:
        evidence = self.reading.evidence(turn, quote)
        if evidence is None:
            self.notify("These words cannot be quoted. Mark the turn as a whole, or others.", severity="warning")
        else:
            self._changed(lambda: self.review.mark(evidence))

    # Moving

    def action_step(self, by: int) -> None:
        """Go to the question before or after."""
        self.review.step(by)
        self._show()

    def action_go(self, by: int) -> None:
        """Go to the conversation before or after."""
        item = self.review.item + by
        if not 0 <= item < len(self.review.work.items):
            self.notify("This is the last conversation." if by > 0 else "This is the first conversation.", timeout=2)
            return
        self.review.go(item)
        self._show()

    def action_go_open(self) -> None:
        """Go to the first question that is open anywhere."""
        self.review.go_to_open()
        self._show()

    def action_go_on(self) -> None:
        """Go to what is open next; when nothing is, say so."""
        was = self.review.item, self.review.question
        if not self.review.go_on():
            self._say_done()
        elif was == (self.review.item, self.review.question):
            self.notify("This question is still open: m, n, a or c. With . you go on without it.", timeout=4)
        self._show()

    def _say_done(self) -> None:
        from simulator.tui.screens.dialogs import Confirm

        review = self.review
        count = len(review.work.items)
        what = "The conversation is finished." if count == 1 else f"All {count} conversations are finished."
        more = f" {review.work.later:,} more come with the next start." if review.work.later else ""
        kept = f"Your ratings are in {review.file.path}." if not review.unsaved else "Not everything could be saved yet."

        def answered(leave: bool | None) -> None:
            if leave:
                self.action_leave()

        self.app.push_screen(Confirm(clean(f"{what}{more}\n{kept}"), yes="Leave", no="Look at them again"), answered)

    def action_leave(self) -> None:
        """Leave; what the disk did not take is tried once more."""
        if self.review.unsaved:
            self._changed(self.review.save)
        self.app.run_worker(self.app.action_quit(), group="quit")
