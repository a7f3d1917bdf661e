"""Home: who do you want to meet?

Imported on the way to the first frame: whatever else it needs it imports when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from simulator.domain.errors import FinelineError
from simulator.domain.text import clean
from simulator.tui import glimpse
from simulator.tui.glimpse import Customer, Glimpse
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.widgets.customers import (
    CustomerList,
    Draw,
    FindInput,
    card_rows,
    customers_of,
    haystack_of,
    list_row,
    one_line,
)
from simulator.tui.widgets.facts import Facts
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.topbar import TopBar

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.domain.persona import Persona
    from simulator.store.store import SessionSummary

_DRAWN = "*"


class HomeScreen(FinelineScreen[None]):
    """The customers, one of them in detail, and what was left unfinished."""

    AUTO_FOCUS = "#customers"
    HELP = "Choose a customer, read the briefing, and begin. Everything is saved as you go."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "go_on", "Go on", id="home.go-on", tooltip="Go on with a conversation that was left in the middle"),
        Binding("h", "history", "History", id="home.history", tooltip="Past conversations and their debriefs"),
        Binding("m", "models", "Models", id="home.models", tooltip="Choose who speaks for the customer and who judges"),
        Binding("slash", "find", "Find", id="home.find", tooltip="Find customers by any word"),
        Binding("f", "filter", "Skill", id="home.filter", tooltip="Show only customers who train one skill"),
        Binding("i", "identity", "Identity", id="home.identity", show=False, tooltip="Choose who plays this customer"),
        Binding("s", "scenario", "Scene", id="home.scenario", show=False, tooltip="Choose where you meet"),
        Binding("n", "seed", "Seed", id="home.seed", show=False, tooltip="Repeat a conversation: same seed, same customer"),
        Binding("p", "problems", "File problems", id="home.problems", show=False, tooltip="What is wrong in trainers' files"),
        Binding("r", "reload", "Read files again", id="home.reload", show=False, tooltip="Read the persona files again"),
        Binding("question_mark", "app.help", "Help", id="home.help", show=False, tooltip="Explain this screen"),
        Binding("q", "app.quit", "Leave", id="home.leave", tooltip="Leave Fineline"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._library: Library | None = None
        self._customers: tuple[Customer, ...] = ()
        self._met: dict[str, list[SessionSummary]] = {}
        self._unfinished: list[SessionSummary] = []
        self._skill: str | None = None
        self._draws: dict[str, Draw] = {}
        self._seed: int | None = None
        self._woken = False

    def compose(self) -> ComposeResult:
        """Lay out head, list, detail and keys."""
        yield TopBar([("Fineline", "bold $foreground")], id="top")
        yield Static(id="banner", markup=False)
        with Horizontal(id="body"):
            with Vertical(id="side"):
                yield FindInput(id="find", placeholder="Find by any word", compact=True)
                yield CustomerList(id="customers", markup=False)
            with VerticalScroll(id="detail", can_focus=False):
                yield Facts(id="card")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what the last run knew at once; the truth follows after the first paint."""
        self.query_one("#customers").border_title = "Customers"
        known = self.fineline.glimpse
        self._show_voices(known.voice, known.judge)
        self._customers = known.customers
        self._list()
        if not known.customers:
            self.query_one("#card", Facts).show([("", Content.styled("Reading the customers…", "$quiet"))])
        self.call_after_refresh(self._wake)

    def _wake(self) -> None:
        self._woken = True
        self.run_worker(self._load(), group="load", exclusive=True)
        self.run_worker(self._load_results(), group="results", exclusive=True)

    def on_screen_resume(self) -> None:
        """Back from a practice: its results are new."""
        if self._woken:
            self.run_worker(self._load_results(), group="results", exclusive=True)
            self._show_voices(self.services.voice_words, self.services.judge_words)

    # Reading

    async def _load(self) -> None:
        await self.services.settings()
        if self._gone:
            return
        self._show_voices(self.services.voice_words, self.services.judge_words)
        try:
            library = await self.services.library()
            if self._gone:
                return
            self._take(library)
        except FinelineError as error:
            if not self._gone:
                self._say_banner(f"The customers could not be read. {error}", "-error")
            return
        self.keep_glimpse()

    @property
    def _gone(self) -> bool:
        """Whether the app was left while a room was still being opened."""
        # Parts of a screen that is being left go one after the other.
        return not all(self.query(each) for each in ("#top", "#banner", "#customers", "#card"))

    def _take(self, library: Library) -> None:
        self._library = library
        self._customers = customers_of(library)
        self._list()

    async def _load_results(self) -> None:
        import asyncio

        store = await self.services.store()
        if self._gone:
            return
        if store is None:
            self._say_banner(f"Conversations are not saved: {self.services.store_problem}", "-warning")
            return
        try:
            sessions = await asyncio.to_thread(store.sessions, limit=200)
            self._unfinished = await asyncio.to_thread(store.unfinished)
        except FinelineError as error:
            if not self._gone:
                self._say_banner(str(error), "-warning")
            return
        if self._gone:
            return
        self._met = {}
        for session in sessions:
            if session.persona and session.turns > 1:
                self._met.setdefault(session.persona, []).append(session)
        self._list()
        self._offer_to_go_on()

    def _offer_to_go_on(self) -> None:
        if not self._unfinished:
            self._say_banner("", "")
        elif len(self._unfinished) == 1:
            session = self._unfinished[0]
            name = one_line(session.identity or session.persona or "a customer")
            stage = {"rating": "before you rated yourself", "debrief": "before the debrief"}.get(session.phase, "in the middle")
            self._say_banner(f"You and {name} stopped {stage}.", "", key="u", offer="go on")
        else:
            count = len(self._unfinished)
            self._say_banner(f"{count} conversations stopped in the middle.", "", key="u", offer="see them")

    def _say_banner(self, text: str, kind: str, *, key: str = "", offer: str = "") -> None:
        banner = self.query_one("#banner", Static)
        banner.set_class(bool(text), "-shown")
        for each in ("-warning", "-error"):
            banner.set_class(kind == each, each)
        bar = {"-warning": "$warning", "-error": "$error"}.get(kind, "$accent")
        banner.update(Content.assemble(("▌ ", bar), clean(text), (f"  {key} ", "bold $primary") if key else "", offer))

    def keep_glimpse(self) -> None:
        """Remember what the first frame of the next start may show."""
        if self._library is None:
            return
        known = Glimpse(self.app.theme, self.services.voice_words, self.services.judge_words, self._customers)
        self.run_worker(lambda: glimpse.write(self.fineline.glimpse_file, known), thread=True, group="glimpse")

    # Showing

    def _show_voices(self, voice: str, judge: str) -> None:
        if voice or judge:
            self.query_one("#top", TopBar).show(right=[(one_line(voice), ""), (one_line(judge), "")])

    def _matching(self) -> list[Customer]:
        wanted = self.query_one("#find", Input).value.casefold().split()
        found = []
        for each in self._customers:
            if self._skill is not None and self._skill not in each.trains:
                continue
            haystack = haystack_of(each, self._persona(each.id))
            if all(word in haystack for word in wanted):
                found.append(each)
        return found

    def _list(self) -> None:
        customers = self.query_one("#customers", CustomerList)
        before = customers.highlighted_option
        matching = self._matching()
        customers.set_options(Option(list_row(each, len(self._met.get(each.id, ()))), id=each.id) for each in matching)
        if matching:
            ids = [each.id for each in matching]
            customers.highlighted = ids.index(before.id) if before is not None and before.id in ids else 0
        elif self._customers:
            self.query_one("#card", Facts).show([("", Content.styled("Nobody matches. Esc shows everybody.", "$quiet"))])
        elif self._library is not None:
            self.query_one("#card", Facts).show([("", "There are no customers. Press p to see why.")])
        customers.border_title = f"Customers · {self._skill}" if self._skill else "Customers"
        problems = self._problem_count()
        files = "a file has a problem" if problems == 1 else f"{problems} problems in files"
        customers.border_subtitle = f"p  {files}" if problems else ""
        self.refresh_bindings()

    def _problem_count(self) -> int:
        return len(self._library.problems) if self._library is not None else 0

    def _persona(self, persona_id: str | None) -> Persona | None:
        entry = self._library.personas.get(persona_id) if self._library is not None and persona_id else None
        return entry.value if entry is not None else None

    @property
    def chosen(self) -> str | None:
        """The id of the customer under the cursor."""
        option = self.query_one("#customers", CustomerList).highlighted_option
        return option.id if option is not None else None

    def _draw(self, persona_id: str) -> Draw:
        return self._draws.setdefault(persona_id, Draw())

    @on(OptionList.OptionHighlighted, "#customers")
    def _detail(self) -> None:
        persona_id = self.chosen
        card = self.query_one("#card", Facts)
        persona = self._persona(persona_id)
        if persona is not None:
            met = self._met.get(persona.id, ())
            card.show(card_rows(persona, self._draw(persona.id), self._seed, met, roomy=self.size.height >= 30))
            return
        customer = next((each for each in self._customers if each.id == persona_id), None)
        if customer is not None:
            card.show([("", Content.styled(customer.name, "bold")), ("", customer.summary)])

    def on_resize(self) -> None:
        """A taller screen has room for more about the customer."""
        if self._woken:
            self._detail()

    # Acting

    @on(OptionList.OptionSelected, "#customers")
    def _meet(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            draw = self._draw(event.option_id)
            self.fineline.open_briefing(event.option_id, draw.scenario, draw.identity, self._seed)

    @on(Input.Changed, "#find")
    def _found(self) -> None:
        self._list()

    def action_find(self) -> None:
        """Open the find field."""
        field = self.query_one("#find", Input)
        field.add_class("-shown")
        field.focus()

    def action_clear_find(self) -> None:
        """Show everybody again."""
        field = self.query_one("#find", Input)
        field.value = ""
        field.remove_class("-shown")
        self.query_one("#customers").focus()

    def action_to_list(self) -> None:
        """Go to the list with what was found."""
        field = self.query_one("#find", Input)
        field.set_class(bool(field.value), "-shown")
        self.query_one("#customers").focus()

    def action_filter(self) -> None:
        """Choose the skill to see customers for."""
        from simulator.tui.screens.dialogs import Choice, Choose

        skills = sorted({skill for each in self._customers for skill in each.trains})
        choices = [Choice(_DRAWN, "every skill")]
        for skill in skills:
            count = sum(skill in each.trains for each in self._customers)
            choices.append(Choice(skill, skill, f"{count} customer{'s' if count != 1 else ''}"))

        def chosen(skill: str | None) -> None:
            if skill is not None:
                self._skill = None if skill == _DRAWN else skill
                self._list()

        self.app.push_screen(Choose("Which skill?", choices, current=self._skill or _DRAWN), chosen)

    def action_identity(self) -> None:
        """Choose who plays the customer."""
        from simulator.tui.screens.choosing import ask_identity

        persona = self._persona(self.chosen)
        if persona is not None:
            draw = self._draw(persona.id)

            def chosen(name: str | None) -> None:
                draw.identity = name
                self._detail()

            ask_identity(self.app, persona, draw.identity, chosen)

    def action_scenario(self) -> None:
        """Choose where to meet."""
        from simulator.tui.screens.choosing import ask_scenario

        persona = self._persona(self.chosen)
        if persona is not None:
            draw = self._draw(persona.id)

            def chosen(scenario: str | None) -> None:
                draw.scenario = scenario
                self._detail()

            ask_scenario(self.app, persona, draw.scenario, chosen)

    def action_seed(self) -> None:
        """Give a seed, to meet exactly the same customer again."""
        from simulator.tui.screens.choosing import ask_seed

        def chosen(seed: int | None) -> None:
            self._seed = seed
            self._detail()

        ask_seed(self.app, self._seed, chosen)

    def action_history(self) -> None:
        """Show past sessions."""
        self.fineline.open_history()

    def action_models(self) -> None:
        """Choose voice and judge."""
        self.fineline.open_models()

    def action_go_on(self) -> None:
        """Go on with what was left in the middle."""
        if len(self._unfinished) == 1:
            self.fineline.resume(self._unfinished[0].id)
        elif self._unfinished:
            self.fineline.open_resume()

    def action_problems(self) -> None:
        """Show what is wrong in trainers' files."""
        from simulator.tui.screens.dialogs import Read

        if self._library is not None and self._library.problems:
            self.app.push_screen(Read("Problems in files", "\n\n".join(str(each) for each in self._library.problems)))
        else:
            self.notify("No problems in any file.")

    def action_reload(self) -> None:
        """Read the persona files again."""
        self.run_worker(self._reload(), group="load", exclusive=True)

    async def _reload(self) -> None:
        try:
            self._take(await self.services.reload_library())
        except FinelineError as error:
            self.fineline.say_error(error)
            return
        self.keep_glimpse()
        self.notify("Read again.", timeout=2)

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """Offer only what there is."""
        del parameters
        if action == "go_on":
            return bool(self._unfinished)
        if action == "problems":
            return self._problem_count() > 0
        return True
