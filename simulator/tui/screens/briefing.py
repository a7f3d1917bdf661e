"""The briefing: where you are, what your job is, who is coming; then begin."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from simulator.conversation.session import draw
from simulator.domain.errors import FinelineError, unknown
from simulator.domain.text import clean
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.screens.choosing import ask_identity, ask_scenario, ask_seed
from simulator.tui.taking_up import LARGEST_DRAWN_SEED, begin
from simulator.tui.widgets.customers import DIFFICULTY, dots, one_line, sentence
from simulator.tui.widgets.facts import Facts, Row
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.topbar import TopBar

if TYPE_CHECKING:
    from simulator.domain.persona import Identity, Persona, Scenario


class BriefingScreen(FinelineScreen[None]):
    """What a trainee knows before they meet the customer. Nothing runs until they begin."""

    CSS_PATH = "../styles/briefing.tcss"
    AUTO_FOCUS = "#paper"
    HELP = """
    ## The briefing

    Where you are, what your job is and who is coming. `enter` begins; from then on everything is saved as you go, and
    `esc` stops at any time. The seed makes it repeatable: with the same seed, and the built-in voice, you meet exactly the
    same customer again.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", "Begin", id="briefing.begin", tooltip="Meet the customer"),
        Binding("escape", "back", "Back", id="briefing.back", tooltip="Back to the customers"),
        Binding("i", "identity", "Identity", id="briefing.identity", tooltip="Choose who plays this customer"),
        Binding("s", "scenario", "Scene", id="briefing.scenario", tooltip="Choose where you meet"),
        Binding("n", "seed", "Seed", id="briefing.seed", tooltip="Repeat a conversation: same seed, same customer"),
        Binding("m", "models", "Models", id="briefing.models", tooltip="Choose who speaks for the customer and who judges"),
    ]

    def __init__(
        self, persona_id: str, scenario_id: str | None = None, identity: str | None = None, seed: int | None = None
    ) -> None:
        super().__init__()
        self._persona_id = persona_id
        self._scenario_id = scenario_id
        self._identity_name = identity
        self._seed = seed if seed is not None else random.randint(1, LARGEST_DRAWN_SEED)
        self._persona: Persona | None = None
        self._beginning = False

    def compose(self) -> ComposeResult:
        """Lay out head, paper and keys."""
        yield TopBar([("Briefing", "bold $foreground")], id="top")
        with VerticalScroll(id="paper"):
            yield Facts(id="facts")
        yield Static(id="status", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the persona, and get the rooms ready that the conversation will need."""
        self._load()

    @work(group="load", exclusive=True)
    async def _load(self) -> None:
        try:
            library = await self.services.library()
            entry = library.personas.get(self._persona_id)
            if entry is None:
                raise unknown("persona", self._persona_id, library.personas)
        except FinelineError as error:
            self.fineline.say_error(error)
            self.fineline.go_home()
            return
        self._persona = entry.value
        if not self.query("#facts"):
            return  # left meanwhile
        self._show()
        try:
            await self.services.detector()
            await self.services.voice()
            await self.services.store()
        except FinelineError as error:
            if self.query("#status"):
                self._say(str(error))

    # Showing

    def _drawn(self, persona: Persona) -> tuple[Scenario, Identity]:
        """Where and who it will be: as chosen, or as the seed draws it."""
        scenario, identity = draw(persona, self._seed)
        chosen = persona.scenario(self._scenario_id) if self._scenario_id else None
        player = persona.identity(self._identity_name) if self._identity_name else None
        return chosen or scenario, player or identity

    def _show(self) -> None:
        persona = self._persona
        if persona is None:
            return
        self.query_one("#facts", Facts).show(self._rows(persona))
        top = self.query_one("#top", TopBar)
        top.show(right=[(one_line(self.services.voice_words), ""), (f"seed {self._seed}", "")])

    def _rows(self, persona: Persona) -> list[Row]:
        scenario, identity = self._drawn(persona)
        fill = identity.fill
        name = one_line(identity.name)
        rows: list[Row] = [
            ("", Content.styled(f"{name}, {identity.age}", "bold $accent")),
            ("", one_line(fill(persona.summary))),
            ("", ""),
            ("Where", sentence(fill(scenario.place))),
            ("Your job", sentence(fill(scenario.trainee))),
            ("", ""),
            ("Why now", f"{name} wants {one_line(fill(scenario.wants)).rstrip('.')}."),
        ]
        if scenario.goal:
            rows.append(("A good end", clean(fill(scenario.goal))))
        for index, each in enumerate(scenario.knows):
            rows.append((f"{'To know' if index == 0 else '':<10}·", clean(fill(each))))
        rows += [
            ("", ""),
            ("Practises", " · ".join(persona.trains)),
            ("Difficulty", Content.assemble((dots(persona.difficulty), "$accent"), f" {DIFFICULTY[persona.difficulty]}")),
        ]
        if persona.content_note:
            note = Content.assemble((clean(persona.content_note), "$warning"), ("\nEsc stops at any time.", "$quiet"))
            rows.append(("Note", note))
        rows.append(("Spoken by", one_line(self.services.voice_words)))
        return rows

    def _say(self, text: str) -> None:
        self.query_one("#status", Static).update(Content(clean(text)))

    # Acting

    @work(group="begin", exclusive=True)
    async def action_begin(self) -> None:
        """Meet the customer."""
        if self._persona is None or self._beginning:
            return
        self._beginning = True
        self._say("Getting ready…")
        try:
            scenario, identity = self._drawn(self._persona)
            session, recorder = await begin(self.services, self._persona, scenario, identity, self._seed)
        except FinelineError as error:
            self._beginning = False
            self._say(str(error))
            return
        self.fineline.open_conversation(session, recorder)

    def action_back(self) -> None:
        """Back to the customers."""
        self.fineline.go_home()

    def action_identity(self) -> None:
        """Choose who plays the customer."""
        if self._persona is not None:
            ask_identity(self.app, self._persona, self._identity_name, self._take_identity)

    def _take_identity(self, name: str | None) -> None:
        self._identity_name = name
        self._show()

    def action_scenario(self) -> None:
        """Choose where to meet."""
        if self._persona is not None:
            ask_scenario(self.app, self._persona, self._scenario_id, self._take_scenario)

    def _take_scenario(self, scenario: str | None) -> None:
        self._scenario_id = scenario
        self._show()

    def action_seed(self) -> None:
        """Give a seed."""
        ask_seed(self.app, self._seed, self._take_seed)

    def _take_seed(self, seed: int | None) -> None:
        self._seed = random.randint(1, LARGEST_DRAWN_SEED) if seed is None else seed
        self._show()

    def action_models(self) -> None:
        """Choose voice and judge."""
        self.fineline.open_models(self._models_chosen)

    def _models_chosen(self, changed: bool | None) -> None:
        if changed:
            self._load()

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """Offer a choice of scenes only where there is one."""
        del parameters
        if action == "scenario" and self._persona is not None:
            return len(self._persona.scenarios) > 1
        return True
