"""The rooms below the app, each opened when first asked for, in a thread, after the first paint.

Everything heavy (pydantic, the library, the store, word vectors, the model client) is imported in here and nowhere on the way
to the first frame. Each accessor opens its room once, whoever asks first and however many ask at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from simulator.domain.errors import FinelineError

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.conversation.appraisal import ModelAppraiser
    from simulator.conversation.scene import Voice
    from simulator.conversation.voices.builtin import BuiltinVoice
    from simulator.grading.judges.protocol import Judge
    from simulator.language.detector import Detector
    from simulator.language.encoder import Encoder
    from simulator.models.endpoint import Endpoint
    from simulator.settings import Settings
    from simulator.store.store import Store

T = TypeVar("T")


class Services:
    """Settings, library, store, detector, voices and judges, for the screens.

    ``settings`` may be given (tests do); otherwise they are loaded when first needed.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._opened: dict[str, Any] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._models: list[Any] = []
        if settings is not None:
            self._opened["settings"] = settings
        self.settings_problem = ""
        """Why the settings file could not be read (defaults are used then, and the file is left as it is)."""
        self.store_problem = ""
        """Why nothing can be kept; empty while the store is fine or was not asked for."""

    async def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._opened:
            async with self._locks.setdefault(name, asyncio.Lock()):
                if name not in self._opened:
                    self._opened[name] = await asyncio.to_thread(make)
        return cast(T, self._opened[name])

    # Settings

    async def settings(self) -> Settings:
        """Return the settings; the defaults, and a reason in :attr:`settings_problem`, where the file cannot be read."""
        return await self._once("settings", self._load_settings)

    def _load_settings(self) -> Settings:
        from simulator import settings

        try:
            return settings.load()
        except FinelineError as error:
            self.settings_problem = str(error)
            return settings.Settings()

    @property
    def current_settings(self) -> Settings | None:
        """The settings if they have been loaded."""
        return cast("Settings | None", self._opened.get("settings"))

    async def change_settings(self, **changes: Any) -> Settings:
        """Change some settings, save them, and let voices and judges be made anew.

        Raises :class:`FinelineError` where the file cannot be written or could not be read (it is never overwritten then);
        the change holds for this run all the same.
        """
        from simulator import settings

        changed = (await self.settings()).model_copy(update=changes)
        self._opened["settings"] = changed
        self.forget_models()
        if self.settings_problem:
            raise FinelineError("The settings were not saved, since the file has mistakes in it.", hint=self.settings_problem)
        await asyncio.to_thread(settings.save, changed)
        return changed

    # Rooms

    async def library(self) -> Library:
        """Return the personas and rubrics; files with mistakes are in its ``problems``."""
        settings = await self.settings()

        def make() -> Library:
            from simulator.authoring.library import Library
            from simulator.settings import cache_folder, library_folders

            library = Library(library_folders(settings), cache_folder())
            _ = library.personas  # read now, in this thread, and not at the first look from the screen
            return library

        return await self._once("library", make)

    async def reload_library(self) -> Library:
        """Read the files again, after a trainer changed them."""
        self._opened.pop("library", None)
        return await self.library()

    async def store(self) -> Store | None:
        """Return the store, or ``None`` with the reason in :attr:`store_problem` where the disk is of no use."""

        def make() -> Store | None:
            from simulator.settings import data_folder
            from simulator.store.store import Store

            try:
                return Store.open(data_folder())
            except FinelineError as error:
                self.store_problem = str(error)
                return None

        return await self._once("store", make)

    async def encoder(self) -> Encoder:
        """Return the word vectors."""

        def make() -> Encoder:
            from simulator.language.encoder import Encoder

            return Encoder.load()

        return await self._once("encoder", make)

    async def detector(self) -> Detector:
        """Return the built-in behaviour detector for the library's catalogue."""
        library = await self.library()

        def make() -> Detector:
            from simulator.language.detector import Detector

            return Detector.load(library.catalogue)

        return await self._once("detector", make)

    # Voices and judges

    async def builtin_voice(self) -> BuiltinVoice:
        """Return the voice that speaks authored lines."""
        detector = await self.detector()

        def make() -> BuiltinVoice:
            from simulator.conversation.voices.builtin import BuiltinVoice

            return BuiltinVoice(detector.encoder)

        return await self._once("builtin_voice", make)

    async def voice(self) -> Voice:
        """Return the voice the settings ask for: a model's, or the built-in one."""
        from simulator.settings import voice_endpoint

        endpoint = await asyncio.to_thread(voice_endpoint, await self.settings())
        if endpoint is None:
            return await self.builtin_voice()
        fallback = await self.builtin_voice()

        def make() -> Voice:
            from simulator.conversation.voices.model import ModelVoice

            return ModelVoice(self._chat(endpoint), fallback)

        return await self._once("model_voice", make)

    async def appraiser(self) -> ModelAppraiser | None:
        """Return what reads the trainee's turns a second time: the voice's model, or ``None`` with the built-in voice."""
        from simulator.settings import voice_endpoint

        endpoint = await asyncio.to_thread(voice_endpoint, await self.settings())
        if endpoint is None:
            return None
        library = await self.library()

        def make() -> ModelAppraiser:
            from simulator.conversation.appraisal import ModelAppraiser

            return ModelAppraiser(self._chat(endpoint), library.catalogue)

        return await self._once("appraiser", make)

    async def judge(self) -> Judge:
        """Return the judge the settings ask for: a model, or the built-in one."""
        from simulator.settings import judge_endpoint

        settings = await self.settings()
        endpoint = await asyncio.to_thread(judge_endpoint, settings)
        if endpoint is None:
            return await self.builtin_judge()
        library = await self.library()

        def make() -> Judge:
            from simulator.grading.judges.model import ModelJudge

            return ModelJudge(self._chat(endpoint), settings.blind_judge, catalogue=library.catalogue)

        return await self._once("model_judge", make)

    async def builtin_judge(self) -> Judge:
        """Return the judge that needs no model."""
        detector = await self.detector()

        def make() -> Judge:
            from simulator.grading.judges.builtin import BuiltinJudge

            return BuiltinJudge(detector, detector.catalogue)

        return await self._once("builtin_judge", make)

    def _chat(self, endpoint: Endpoint) -> Any:
        from simulator.models.chat import ChatModel

        model = ChatModel(endpoint)
        model.prepare()  # half a second of imports, here in a thread and not before the first word
        self._models.append(model)
        return model

    def forget_models(self) -> None:
        """Let the voice and the judge be made anew, after the settings changed."""
        self._opened.pop("model_voice", None)
        self._opened.pop("model_judge", None)
        self._opened.pop("appraiser", None)

    @property
    def voice_words(self) -> str:
        """Which voice speaks, in words for a header; empty until the settings have been loaded."""
        return self._words("describe_voice")

    @property
    def judge_words(self) -> str:
        """Which judge reads, in words for a header; empty until the settings have been loaded."""
        return self._words("describe_judge")

    def _words(self, which: str) -> str:
        settings = self.current_settings
        if settings is None:
            return ""
        from simulator import settings as room

        try:
            return str(getattr(room, which)(settings))
        except FinelineError as error:
            return error.message  # a variable of the environment that is no address: said where the model would be named

    async def aclose(self) -> None:
        """Close connections and the store."""
        for model in self._models:
            with suppress(Exception):  # a connection that does not close cleanly must not keep the app open
                await model.aclose()
        self._models.clear()
        store = self._opened.pop("store", None)
        if store is not None:
            await asyncio.to_thread(store.close)
