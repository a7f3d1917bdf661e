"""What a run of ``fineline grade`` works with: judges, rubrics, prices, sources, and its description."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from simulator.cli import grade_words as words
from simulator.domain.errors import UsageError

if TYPE_CHECKING:
    from simulator.authoring.library import Library
    from simulator.batch.cache import Cache
    from simulator.batch.cost import Price
    from simulator.batch.intake import Intake
    from simulator.batch.ledger import Known, Ledger
    from simulator.batch.manifest import RunManifest
    from simulator.batch.readers import Reading
    from simulator.batch.runner import Work
    from simulator.cli.judges import ChosenJudge
    from simulator.domain.rubric import Rubric
    from simulator.domain.transcript import Transcript
    from simulator.settings import Settings


@dataclass(frozen=True)
class Order:
    """What the command line asks for; see the options of ``fineline grade``."""

    paths: tuple[str, ...]
    reading: Reading
    rubrics: tuple[str, ...] = ()
    judge: str | None = None
    model: str | None = None
    judges: str | None = None
    repeats: int = 1
    one_call: bool = False
    batch_api: bool = False
    out: Path | None = None
    concurrency: int | None = None
    rate: float | None = None
    budget: float | None = None
    cache: bool = True
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False
    strict: bool = False
    again: bool = False
    retry_failed: bool = False


class Setup:
    """What a run works with, each made when it is first needed."""

    def __init__(self, order: Order) -> None:
        self.order = order

    @cached_property
    def chosen(self) -> ChosenJudge:
        """Who judges."""
        from simulator.cli.judges import chosen

        order = self.order
        return chosen(
            self.settings,
            self.library,
            judge=order.judge,
            model=order.model,
            judges=order.judges,
            repeats=order.repeats,
            concurrency=order.concurrency,
            rate_per_s=order.rate,
        )

    @cached_property
    def settings(self) -> Settings:
        """The user's settings."""
        from simulator import settings

        return settings.load()

    @cached_property
    def library(self) -> Library:
        """The rubrics, personas and behaviours."""
        from simulator import settings
        from simulator.authoring.library import Library

        return Library(settings.library_folders(self.settings), settings.cache_folder())

    @cached_property
    def rubrics(self) -> list[Rubric]:
        """The rubrics that were asked for, or the usual ones."""
        from simulator.grading.usual import ALWAYS

        known = self.library.rubrics
        names = list(self.order.rubrics)
        if "all" in names:
            names = [*known, *(each for each in names if each != "all")]
        elif not names:
            names = [*ALWAYS, *({"substantiation"} & set(known))]
        return list({rubric.id: rubric for rubric in map(self.library.rubric, names)}.values())

    def suits(self, transcript: Transcript, rubric: Rubric) -> bool:
        """Return whether a transcript is graded against one of the usual rubrics: a colleague is not served, for instance."""
        from simulator.grading.usual import usual_rubrics

        known = self._suiting.get(transcript.persona)
        if known is None:
            entry = self.library.personas.get(transcript.persona or "")
            known = self._suiting[transcript.persona] = frozenset(usual_rubrics(entry.value if entry is not None else None))
        return rubric.id in known

    @cached_property
    def _suiting(self) -> dict[str | None, frozenset[str]]:
        return {}

    @cached_property
    def price(self) -> Price | None:
        """What the models' tokens cost; ``None`` where that is not set for every one of them."""
        from simulator import settings
        from simulator.batch.cost import Price, mean_price

        prices = []
        for model in self.chosen.models:
            known = settings.price_of(self.settings, model.endpoint.model)
            if known is None:
                if self.order.budget is not None:
                    raise UsageError(
                        f"A budget needs to know what {model.name} costs.", hint=settings.price_hint(model.endpoint.model)
                    )
                return None
            share = known.batch if self.order.batch_api else 1.0
            cached = known.cached * share if known.cached is not None else None
            prices.append(Price(known.input * share, known.output * share, cached, known.currency.upper()))
        if self.order.budget is not None and not prices:
            raise UsageError("The built-in judge costs nothing: it needs no --budget.")
        try:
            return mean_price(prices)
        except ValueError as error:
            if self.order.budget is None:
                return None
            raise UsageError(f"{error}, so there can be no --budget.".capitalize()) from None

    @property
    def direct_times(self) -> float:
        """How many times dearer a direct call is than :attr:`price` says: that is a batch's, where the work goes through one."""
        from simulator import settings

        known = settings.price_of(self.settings, self.chosen.models[0].endpoint.model) if self.order.batch_api else None
        return 1 / known.batch if known is not None else 1.0

    def work(self, cache: Cache | None) -> Work:
        """What is to be done with each transcript."""
        from simulator.batch.runner import Work

        one_call = self.order.one_call and bool(self.chosen.models)
        version = f"{self.chosen.prompt_version}-one-call" if one_call else self.chosen.prompt_version
        return Work(
            self.rubrics,
            self.chosen.judge,
            version,
            # A few more than there are slots: what is ready goes out the moment one is free, and none stands empty meanwhile.
            concurrency=self.ceiling + self.ceiling // 8,
            together=one_call,
            suits=None if self.order.rubrics else self.suits,
            cache=cache,
        )

    @property
    def ceiling(self) -> int:
        """How many requests to one server may be under way at once."""
        return max((limit.ceiling for limit in self.chosen.limits), default=1)

    def cache(self, warn: Callable[[str], None]) -> Cache | None:
        """The cache of judgements by these models, unless it is not wanted."""
        if not self.chosen.models or not self.order.cache:
            return None
        from simulator import settings
        from simulator.batch.cache import Cache

        behaviours = hashlib.sha256(self.library.catalogue.model_dump_json().encode()).hexdigest()[:16]
        parts = [
            self.chosen.judge.name,
            self.work(None).prompt_version,
            behaviours,
            *(each.url for each in self.chosen.endpoints),
        ]
        return Cache(settings.cache_folder(), "\n".join(parts), warn=warn)

    def intake(self, work: Work, results: Ledger | Known | None) -> Intake:
        """The sources."""
        from simulator import settings
        from simulator.batch.intake import Intake
        from simulator.batch.sessions import saved_sessions

        standing = b"".join(work.parts()) + (b"" if work.suits is None else b"usual")
        return Intake(
            self.order.paths,
            _asked(self.order.paths, self.order.reading),
            stdin=_stdin() if "-" in self.order.paths else None,
            sessions=partial(saved_sessions, settings.data_folder()),
            results=self.order.out,
            work=standing,
            **({"done": results.mark} if results is not None else {}),
        )

    def manifest(self, work: Work) -> RunManifest:
        """What the run says of itself."""
        from simulator import __version__
        from simulator.batch.manifest import RunManifest
        from simulator.batch.run_record import used

        order, reading = self.order, self.order.reading
        models = self.chosen.models
        return RunManifest(
            fineline=__version__,
            command=[_without_login(each) for each in sys.argv[1:]],
            sources=list(order.paths),
            folder=str(Path.cwd()),
            reading={
                "trainee": reading.sides.trainee,
                "conversation_column": reading.conversation_column,
                "speaker_column": reading.speaker_column,
                "text_column": reading.text_column,
            },
            rubrics=[used(each) for each in work.rubrics],
            judge=self.chosen.judge.name,
            endpoint=", ".join(dict.fromkeys(_without_login(each.url) for each in self.chosen.endpoints)) or None,
            prompt=work.prompt_version if models else None,
            detector=None if models else work.prompt_version,
            options={
                "blind": self.settings.blind_judge if models else None,
                "judges": order.judges,
                "repeats": order.repeats,
                "one_call": work.together,
                "batch_api": order.batch_api,
                "concurrency": self.ceiling,
                "rate_per_s": order.rate,
                "budget": order.budget,
                "cache": order.cache and bool(models),
                "usual_rubrics": work.suits is not None,
            },
        )


def _asked(paths: tuple[str, ...], reading: Reading) -> Reading:
    """Ask who the trainee is where the first record does not tell and somebody is there to answer."""
    from simulator.batch.intake import STORE, read_once
    from simulator.batch.readers import read
    from simulator.batch.speakers import Sides, WhoIsTheTraineeError

    files = [each for each in paths if each != "-" and not each.startswith(STORE)]
    if not files or any(map(read_once, files)) or reading.sides.trainee is not None or not sys.stdin.isatty():
        return reading
    try:
        next(read(files, reading), None)
    except WhoIsTheTraineeError as error:
        words.say([error.message])
        return replace(reading, sides=Sides(typer.prompt("Which speaker is the trainee?", err=True)))
    return reading


def _stdin() -> BinaryIO:
    """Return standard input, apart from Python's own object, which must not be in use in a thread when the program ends."""
    try:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    except (OSError, ValueError):
        return sys.stdin.buffer


def _without_login(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", text)
