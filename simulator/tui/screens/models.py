"""Who speaks for the customer, and who judges: look for models, try them, choose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from simulator.domain.errors import FinelineError
from simulator.models.endpoint import LOCAL_SERVERS, OPENAI_URL, origin_of
from simulator.tui.model_shelf import Entry, Place, place_of, shelves, trial_lines, trial_mark
from simulator.tui.screens.base import FinelineScreen
from simulator.tui.screens.model_dialogs import AskAddress, AskKey
from simulator.tui.widgets.facts import Facts
from simulator.tui.widgets.findings import one_line
from simulator.tui.widgets.keybar import KeyBar
from simulator.tui.widgets.topbar import TopBar
from simulator.tui.widgets.words import BAD, DOUBT, GOOD, QUIET, Words, words

if TYPE_CHECKING:
    from simulator.models.discovery import Found, Trial
    from simulator.models.endpoint import Endpoint

Use = Literal["voice", "judge"]
Look = Callable[[str | None], Awaitable["list[Found]"]]
Try = Callable[["Endpoint"], Awaitable["Trial"]]

BUILT_IN = Entry("Built-in")
_ANOTHER = "another"
_ABOUT_BUILT_IN = (
    "Comes with Fineline: no key, no network, no wait. The voice speaks the lines its author wrote, the same for everybody; "
    "the judge answers what can be heard in the words, and says what needs a reader."
)


async def look(url: str | None) -> list[Found]:
    """Look at one server, or (``None``) wherever models usually are."""

    def prepare() -> tuple[str | None, dict[str, str | None]]:
        # Keyrings and the model client take their time: both are asked for off the screen's thread.
        import openai  # noqa: F401

        from simulator import settings

        named = url or settings.environment_url()
        local = [f"http://127.0.0.1:{port}/v1" for port in LOCAL_SERVERS.values()]
        return named, {origin_of(each): settings.api_key(each) for each in [OPENAI_URL, *([named] if named else []), *local]}

    named, keys = await asyncio.to_thread(prepare)
    from simulator.models.discovery import discover

    found = await discover(base_url=named, key_for=lambda address: keys.get(origin_of(address)))
    return found if url is None else found[:1]  # the server that was named comes first


async def attempt(endpoint: Endpoint) -> Trial:
    """Try a model."""
    from simulator.models.discovery import trial

    return await trial(endpoint)


class ModelList(OptionList):
    """The models, under the names of their servers."""

    HELP = """
    **Models.** `enter` tries one: a short reply, and a structured answer as a judge must give. `v` lets it speak for the
    customer, `j` lets it judge, `x` goes back to the built-in for both. `k` gives a key to the keyring, `a` adds a server,
    `r` looks again. What is said goes to the server that was chosen, and nowhere else.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Try it", id="models.try", tooltip="Ask for a short reply and a structured answer"),
    ]


class ModelsScreen(FinelineScreen[bool]):
    """What is in use, what there is, and what it can do. Dismisses with whether anything was changed."""

    CSS_PATH = "../styles/models.tcss"
    AUTO_FOCUS = "#models"
    HELP = ModelList.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "use('voice')", "Voice", id="models.voice", tooltip="Let this speak for the customer"),
        Binding("j", "use('judge')", "Judge", id="models.judge", tooltip="Let this judge the conversations"),
        Binding("x", "built_in", "Built-in", id="models.builtin", tooltip="Voice and judge: back to the built-in"),
        Binding("k", "key", "Key", id="models.key", tooltip="Give this server a key"),
        Binding("escape", "back", "Back", id="models.back", tooltip="Close this"),
        Binding("r", "look_again", "Look again", id="models.look", tooltip="Look for models again"),
        Binding("a", "another", "Another server", id="models.another", tooltip="Add a server by its address"),
    ]

    def __init__(self, look: Look = look, attempt: Try = attempt) -> None:
        super().__init__()
        self._look_with = look
        self._try_with = attempt
        self._found: list[Found] = []
        self._added: list[Found] = []
        self._trials: dict[Place | None, Trial] = {}
        self._entries: list[Entry] = []
        self._in_use: dict[Use, Endpoint | None] = {"voice": None, "judge": None}
        self._waiting: tuple[str, float] | None = None
        self._clock: Timer | None = None
        self.changed = False

    def compose(self) -> ComposeResult:
        """Lay out what is in use, the list, and what is known about the row under the cursor."""
        yield TopBar([("Models", "bold $foreground")], id="top")
        yield Facts(label_width=18, id="in-use")
        with Horizontal(id="both"):
            yield ModelList(id="models", markup=False)
            with VerticalScroll(id="beside", can_focus=False):
                yield Words(id="about")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is in use, and look."""
        self._clock = self.set_interval(0.5, self._tick)
        self._open()

    # Looking

    @work(group="look", exclusive=True)
    async def _open(self) -> None:
        await self._read_in_use()
        self._fill()
        await self._search()

    async def _search(self) -> None:
        self._wait_for("Looking for models")
        try:
            self._found = await self._look_with(None)
        except FinelineError as error:
            self.fineline.say_error(error)
        self._wait_for(None)
        self._fill()

    async def _read_in_use(self) -> None:
        from simulator import settings as room

        settings = await self.services.settings()
        # The keyring may be asked for a key, which can take its time.
        self._in_use["voice"] = await asyncio.to_thread(room.voice_endpoint, settings)
        self._in_use["judge"] = await asyncio.to_thread(room.judge_endpoint, settings)
        automatic = [(" · chosen because a key or address is set", QUIET)]
        rows: list[tuple[str, Content | str]] = []
        for label, use, choice in (("Customer's voice", "voice", settings.voice), ("Judge", "judge", settings.judge)):
            endpoint = self._in_use[use]  # type: ignore[index]
            name = one_line(endpoint.describe()) if endpoint is not None else "built-in"
            rows.append((label, words((name, "bold"), *(automatic if choice == "auto" and endpoint is not None else []))))
        self.query_one("#in-use", Facts).show(rows)

    def _wait_for(self, what: str | None) -> None:
        self._waiting = (what, monotonic()) if what is not None else None
        self._tick()

    def _tick(self) -> None:
        right = ""
        if self._waiting is not None:
            seconds = monotonic() - self._waiting[1]
            right = f"{self._waiting[0]}…" + (f" {seconds:.0f} s" if seconds >= 1 else "")
        self.query_one(TopBar).show(right=[(right, "$warning")] if right else [])

    # The list

    def _fill(self) -> None:
        listed = self.query_one(ModelList)
        before = self.entry
        self._entries = [BUILT_IN]
        options: list[Option | None] = [Option(self._row(BUILT_IN), id="0")]
        for shelf in shelves([*self._found, *self._added], self._in_use.values()):
            options += [None, Option(words((one_line(shelf.name), f"bold {QUIET}")), disabled=True)]
            for entry in shelf.entries:
                options.append(Option(self._row(entry), id=str(len(self._entries))))
                self._entries.append(entry)
        options += [None, Option(words(("  Another server…", ""), ("  by its address", QUIET)), id=_ANOTHER)]
        listed.clear_options()
        listed.add_options(options)
        wanted = before.place if before is not None else place_of(self._in_use["voice"])
        at = next((str(number) for number, each in enumerate(self._entries) if each.place == wanted), "0")
        listed.highlighted = listed.get_option_index(at)

    def _row(self, entry: Entry) -> Content:
        title = one_line(entry.title) or "✗ " + one_line(entry.problem)
        uses = [use for use, endpoint in self._in_use.items() if place_of(endpoint) == entry.place and entry.usable]
        mark = "● " if uses else "  "
        said = trial_mark(entry.place, self._trials) if entry.endpoint is not None else ""
        return words(
            (mark, "bold $primary"),
            (title, QUIET if not entry.usable else ""),
            (f"  {' and '.join(uses)}" if uses else "", "$primary"),
            (f"  {said}" if said else "", QUIET),
        )

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        listed = self.query_one(ModelList)
        option = listed.highlighted_option
        if option is None or option.id is None or not option.id.isdecimal():
            return None
        return self._entries[int(option.id)]

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._describe()
        self.refresh_bindings()

    def _describe(self) -> None:
        entry = self.entry
        about = self.query_one("#about", Words)
        if entry is None:
            about.update("A server of your own, or another provider: anything that speaks as OpenAI's does.")
            return
        if entry.endpoint is None:
            about.update(_ABOUT_BUILT_IN)
            return
        lines = [words((one_line(entry.title) or "A server", "bold"), (f"  {entry.endpoint.host}", QUIET))]
        if entry.problem:
            lines.append(words((one_line(entry.problem), DOUBT)))
        else:
            where = (
                "What is said stays on this computer." if entry.endpoint.local else f"What is said goes to {entry.endpoint.host}."
            )
            lines.append(words((where, QUIET)))
        trial = self._trials.get(entry.place)
        if trial is not None:
            lines += [words(("✓ " if good else "✗ ", GOOD if good else BAD), one_line(said)) for good, said in trial_lines(trial)]
        elif entry.usable:
            lines.append(words(("Not tried yet: enter asks for a short reply and a structured answer.", QUIET)))
        about.update(Content("\n").join(lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the row under the cursor."""
        if action == "use":
            entry = self.entry
            return entry is not None and entry.usable
        if action == "key":
            entry = self.entry
            return entry is not None and entry.endpoint is not None
        if action == "built_in":
            return any(endpoint is not None for endpoint in self._in_use.values())
        del parameters
        return True

    # Trying and choosing

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == _ANOTHER:
            self.action_another()
            return
        entry = self.entry
        if entry is None:
            return
        if entry.endpoint is None:
            self.notify("It works, always. v or j to choose it.", timeout=4)
        elif entry.usable:
            self._try(entry)
        else:
            self.action_key()

    @work(group="try", exclusive=True)
    async def _try(self, entry: Entry) -> None:
        if entry.endpoint is None:
            return
        self._wait_for(f"Trying {one_line(entry.title)}")
        try:
            self._trials[entry.place] = await self._try_with(entry.endpoint)
        except FinelineError as error:
            self.fineline.say_error(error)
        finally:
            self._wait_for(None)
        self._fill()
        self._describe()

    def action_use(self, use: Use) -> None:
        """Choose the row under the cursor as voice or judge."""
        entry = self.entry
        if entry is not None and entry.usable:
            self._choose(entry, [use])

    def action_built_in(self) -> None:
        """Choose the built-in for both."""
        self._choose(BUILT_IN, ["voice", "judge"])

    @work(group="choose")
    async def _choose(self, entry: Entry, uses: list[Use]) -> None:
        from simulator.settings import ModelChoice

        endpoint = entry.endpoint
        choice = "builtin" if endpoint is None else ModelChoice(base_url=endpoint.url, model=endpoint.model)
        self.changed = True
        try:
            await self.services.change_settings(**dict.fromkeys(uses, choice))
        except FinelineError as error:
            self.fineline.say_error(error)
        await self._read_in_use()
        self._fill()
        self._describe()
        self.refresh_bindings()

    # Keys and servers

    @work(group="dialog")
    async def action_key(self) -> None:
        """Ask for the key of the server under the cursor."""
        from simulator import settings as room

        entry = self.entry
        if entry is None or entry.endpoint is None:
            return
        url = entry.endpoint.url
        name = f"{one_line(entry.endpoint.label)} ({entry.endpoint.host})" if entry.endpoint.label else entry.endpoint.host
        dialog = AskKey(name, lambda key: room.store_key(url, key), lambda: room.forget_key(url))
        if await self.app.push_screen_wait(dialog):
            self.changed = True
            self.services.forget_models()
            self._trials.clear()
            self._open()

    @work(group="dialog")
    async def action_another(self) -> None:
        """Ask for an address, and look there."""
        url = await self.app.push_screen_wait(AskAddress())
        if url is None:
            return
        self._wait_for("Looking there")
        try:
            found = await self._look_with(url)
        except FinelineError as error:
            self.fineline.say_error(error)
            found = []
        self._wait_for(None)
        origins = {each.endpoint.url for each in found}
        self._added = [each for each in self._added if each.endpoint.url not in origins] + found
        self._fill()
        place = next((each.place for each in self._entries if each.endpoint is not None and each.endpoint.url in origins), None)
        if place is not None:
            listed = self.query_one(ModelList)
            at = next(number for number, each in enumerate(self._entries) if each.place == place)
            listed.highlighted = listed.get_option_index(str(at))

    def action_look_again(self) -> None:
        """Look again."""
        self._open()

    def action_back(self) -> None:
        """Close, saying whether anything was changed."""
        self.dismiss(self.changed)
