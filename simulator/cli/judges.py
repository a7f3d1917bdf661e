"""Who judges: from the options of a command to a judge, a panel, or a judge asked several times."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from simulator.domain.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.authoring.library import Library
    from simulator.grading.judges.model import ModelJudge
    from simulator.grading.judges.protocol import Judge
    from simulator.models.bulk import BulkModel
    from simulator.models.endpoint import Endpoint
    from simulator.models.limit import AdaptiveLimit
    from simulator.settings import Settings

BUILT_IN = "builtin"
# How many requests may be under way at once unless somebody says: a server on this computer has few hands.
CONCURRENCY, LOCAL_CONCURRENCY = 64, 8
# Words for the model of the settings, where only its name would do otherwise.
_CONFIGURED = ("model", "auto")
# An address without its scheme would pass for a part of the name.
_BARE_ADDRESS = re.compile(r"@((?:localhost|[\w.-]+:\d+)(?:/\S*)?)$")


@dataclass
class ChosenJudge:
    """A judge that is ready to be used, once :meth:`settle` has been awaited.

    ``prompt_version`` stands for everything but names that answers depend on: prompts, blindness, the detector. ``models``
    are the language models it talks to, ``readers`` the judges that ask them, in the same order, ``members`` how many judges it
    consists of, and ``repeats`` how often each is asked.
    """

    judge: Judge
    prompt_version: str
    models: list[BulkModel] = field(default_factory=list)
    members: int = 1
    repeats: int = 1
    readers: list[ModelJudge] = field(default_factory=list)

    @property
    def limits(self) -> list[AdaptiveLimit]:
        """What bounds the requests under way, one limit for each server."""
        return list({id(model.limit): model.limit for model in self.models}.values())

    @property
    def panel(self) -> bool:
        """Whether there is more than one opinion on each criterion."""
        return self.members > 1 or self.repeats > 1

    @property
    def endpoints(self) -> list[Endpoint]:
        """Where the models are, in the order of the members."""
        return [each.endpoint for each in self.models]

    async def settle(self) -> None:
        """Learn the models' names where none was chosen, since results are kept under them.

        Raises :class:`simulator.models.errors.ModelError` where a server cannot be asked, and :class:`UsageError` where two
        members turn out to be the same.
        """
        for model in self.models:
            await model.settle_on_model()
        _no_twins([(model.endpoint.url, model.endpoint.model) for model in self.models])

    async def advice(self, kind: str) -> str:
        """Return what to do about a run that stopped with this kind of failure: the nearest name where a model is unknown."""
        from simulator.models.errors import ModelError

        if kind != "not_found":
            return ""
        for model in self.models:
            try:
                listed = await model.models()
            except ModelError:
                continue
            name = model.endpoint.model
            if listed and name not in listed:
                near = nearest(name, listed)
                return f"Did you mean {near!r}?" if near else f"{model.endpoint.host} has {', '.join(listed[:8])}."
        return ""

    async def aclose(self) -> None:
        """Close the connections."""
        for model in self.models:
            await model.aclose()


def chosen(
    configured: Settings,
    library: Library,
    *,
    judge: str | None = None,
    model: str | None = None,
    judges: str | None = None,
    repeats: int = 1,
    concurrency: int | None = None,
    rate_per_s: float | None = None,
) -> ChosenJudge:
    """Return the judge that the options ask for.

    ``judge`` is ``builtin`` or ``model`` (left out: whichever ``model`` implies); ``model`` a name at the configured server, or
    ``NAME@URL``; ``judges`` several of these and ``builtin``, with commas between. Of each server's models together at most
    ``concurrency`` requests are under way (left out: as suits the server), ``rate_per_s`` of them begun a second. Raises
    :class:`UsageError` for options that do not go together, names that cannot be, and a model where none is configured.
    """
    if judges is not None:
        if model is not None:
            raise UsageError("--judges names everybody who judges; --model does not go with it.")
        names = [each.strip() for each in judges.split(",") if each.strip()]
        if not names:
            raise UsageError("--judges names nobody.", hint="Say for instance --judges builtin,gpt-4.1-mini.")
    elif judge == BUILT_IN and model is not None:
        raise UsageError(f"--model {model} asks for a language model, but --judge is builtin.", hint="Leave --judge out.")
    elif judge in (None, BUILT_IN) and model is None:
        names = [BUILT_IN]
    else:
        names = [model or _CONFIGURED[0]]
    endpoints = [_endpoint(name, configured) for name in names]
    if repeats > 1 and not any(endpoints):
        raise UsageError(
            "The built-in judge gives the same answers every time: repeats would only count them twice.",
            hint="Leave --repeats out, or ask a model with --judge model.",
        )
    _no_twins([("", BUILT_IN) if each is None else (each.url, each.model) for each in endpoints])
    return _seated(_Connections(concurrency, rate_per_s), endpoints, configured, library, repeats)


class _Connections:
    """The models that are talked to, those at one server within one limit."""

    def __init__(self, concurrency: int | None, rate_per_s: float | None) -> None:
        self._concurrency = concurrency
        self._rate_per_s = rate_per_s
        self._limits: dict[str, AdaptiveLimit] = {}
        self.models: list[BulkModel] = []

    def to(self, endpoint: Endpoint) -> BulkModel:
        """Return the model at an endpoint."""
        from simulator.models.bulk import BulkModel
        from simulator.models.endpoint import origin_of
        from simulator.models.limit import AdaptiveLimit

        origin = origin_of(endpoint.url)
        if origin not in self._limits:
            usual = LOCAL_CONCURRENCY if endpoint.local else CONCURRENCY
            self._limits[origin] = AdaptiveLimit(self._concurrency or usual, self._rate_per_s)
        self.models.append(BulkModel(endpoint, self._limits[origin]))
        return self.models[-1]


def _seated(
    connections: _Connections, endpoints: Sequence[Endpoint | None], configured: Settings, library: Library, repeats: int
) -> ChosenJudge:
    members: list[Judge] = []
    readers: list[ModelJudge] = []
    versions: list[str] = []
    for endpoint in endpoints:
        if endpoint is None:
            builtin, version = _builtin(library)
            members.append(builtin)
            versions.append(version)
        else:
            reads = _reader(connections.to(endpoint), configured, library)
            members.append(reads)
            readers.append(reads)
            versions.append(reads.prompt_version)
    if len(members) == 1 and repeats == 1:
        return ChosenJudge(members[0], versions[0], connections.models, readers=readers)
    from simulator.grading.judges.panel import VERSION, Panel

    panel = Panel(members, repeats, labels=_labels(endpoints))
    version = f"{VERSION}:{'+'.join(dict.fromkeys(versions))}"
    return ChosenJudge(panel, version, connections.models, len(members), repeats, readers)


def _builtin(library: Library) -> tuple[Judge, str]:
    from simulator.grading.judges.builtin import BuiltinJudge
    from simulator.language.detector import Detector

    detector = Detector.load(library.catalogue)
    return BuiltinJudge(detector), detector.version


def _reader(model: BulkModel, configured: Settings, library: Library) -> ModelJudge:
    from simulator.grading.judges.model import ModelJudge

    return ModelJudge(model, configured.blind_judge, catalogue=library.catalogue)


def _endpoint(name: str, configured: Settings) -> Endpoint | None:
    """Return where one judge is found, ``None`` for the built-in one."""
    from simulator import settings

    if bare := _BARE_ADDRESS.search(name):
        scheme = "http" if bare[1].startswith(("localhost", "127.")) else "https"
        raise UsageError(f"{name!r} has an address without http.", hint=f"Write {name[: bare.start()]}@{scheme}://{bare[1]}.")
    choice = settings.choice_from("auto" if name.casefold() in _CONFIGURED else name)
    if choice == BUILT_IN:
        return None
    if isinstance(choice, settings.ModelChoice) and choice.base_url is not None:
        key_env = _key_variable(choice.base_url, configured)
        return settings.endpoint_of(choice.model_copy(update={"key_env": key_env}), configured.timeouts)
    asked = configured.judge if configured.judge != BUILT_IN else "auto"
    endpoint = settings.endpoint_of(asked, configured.timeouts)
    if isinstance(choice, str):
        if endpoint is None:
            raise UsageError(
                "There is no language model to judge with.",
                hint="Set OPENAI_API_KEY or OPENAI_BASE_URL, or choose one with 'fineline models'; or use --judge builtin.",
            )
        return endpoint
    if endpoint is None:
        raise UsageError(
            f"There is no server to ask for {choice.model!r}.",
            hint=f"Say where it is ({choice.model}@https://…), or set OPENAI_API_KEY or OPENAI_BASE_URL.",
        )
    return replace(endpoint, model=choice.model)


def _key_variable(url: str, configured: Settings) -> str | None:
    """Return the variable that the settings name for the key of a server, where they know it."""
    from simulator.models.endpoint import origin_of
    from simulator.settings import ModelChoice

    for choice in (configured.judge, configured.voice):
        if (
            isinstance(choice, ModelChoice)
            and choice.base_url
            and choice.key_env
            and origin_of(choice.base_url) == origin_of(url)
        ):
            return choice.key_env
    return None


def _labels(endpoints: Sequence[Endpoint | None]) -> list[str]:
    """Return ``name@host`` for models that share their name with one at another server, and ``""`` for all others."""
    names = Counter(each.model for each in endpoints if each is not None and each.model)
    return [f"{each.model}@{each.host}" if each is not None and names[each.model] > 1 else "" for each in endpoints]


def _no_twins(members: Sequence[tuple[str, str]]) -> None:
    """Refuse a panel in which somebody sits twice; ``members`` are (address, name)."""
    (member, count), *_ = Counter(members).most_common(1) or [(("", ""), 0)]
    if count > 1:
        name = member[1] or "the server's first model"
        hint = "Ask it several times with --repeats." if member[1] != BUILT_IN else "It gives the same answers every time."
        raise UsageError(f"{name} is named twice among the judges.", hint=hint)
