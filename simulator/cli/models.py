"""``fineline models``: what models there are, what works, which to use, and keys."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.domain.errors import UsageError

if TYPE_CHECKING:
    from simulator.models.discovery import Found, Trial
    from simulator.models.endpoint import Endpoint
    from simulator.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Part(StrEnum):
    """What a model can be used for."""

    voice = "voice"
    judge = "judge"
    both = "both"


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object instead of words.")] = False,
    try_them: Annotated[bool, typer.Option("--try", help="Ask each for one short reply and one structured answer.")] = False,
) -> None:
    """Look for language models, try them and choose.

    Looked at are OPENAI_API_KEY and OPENAI_BASE_URL, and Ollama, LM Studio, llama.cpp and vLLM on their usual ports of this
    computer. Fineline needs none of them: without a model the built-in voice and judge work.
    """
    if context.invoked_subcommand is not None:
        return
    from simulator import settings as room

    settings = room.load()
    found = _look(settings)
    tried = asyncio.run(_try(_to_try(settings, found), quietly=as_json)) if try_them else []
    if as_json:
        import json

        print(json.dumps(_as_json(settings, found, tried), ensure_ascii=False, indent=2))
    else:
        _say(settings, found, tried, tried_them=try_them)


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="A model's name, or 'builtin', or 'auto'.")],
    part: Annotated[Part, typer.Option("--for", help="Use it for the customer's voice, for the judge, or for both.")] = Part.both,
    at: Annotated[str | None, typer.Option(help="The server's address; left out: where the model is found.")] = None,
) -> None:
    """Choose a model for the customer's voice, for the judge, or for both, and save that."""
    import os

    from simulator import settings as room
    from simulator.models.endpoint import normalise

    settings = room.load()
    choice = room.choice_from(name)
    if isinstance(choice, room.ModelChoice):
        if at is not None:
            choice = choice.model_copy(update={"base_url": normalise(at)})
        elif choice.base_url is None:
            choice = _find(choice.model, settings)
    elif at is not None:
        raise UsageError(f"{name!r} has no address.", hint="Leave --at out, or name a model.")
    parts = ("voice", "judge") if part is Part.both else (part.value,)
    changed = settings.model_copy(update=dict.fromkeys(parts, choice))
    room.save(changed)
    for each in parts:
        words = room.describe_voice(changed) if each == "voice" else room.describe_judge(changed)
        print(f"{each}  {words}")
        if os.environ.get(f"FINELINE_{each.upper()}"):
            print(f"The variable FINELINE_{each.upper()} is set and wins over this.", file=sys.stderr)
    endpoint = room.endpoint_of(choice)
    if endpoint is not None and endpoint.key is None and not endpoint.local:
        print(
            f"There is no key for {endpoint.host} yet: store it with 'fineline models key --at {endpoint.url}'.", file=sys.stderr
        )


@app.command()
def key(
    at: Annotated[str | None, typer.Option(help="The server's address; left out: OpenAI's.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the stored key.")] = False,
) -> None:
    """Store a server's key in this computer's keyring. It is asked for, or read from standard input; never an argument."""
    from simulator import settings as room
    from simulator.models.endpoint import OPENAI_URL, host_of, normalise

    url = normalise(at) if at else OPENAI_URL
    if forget:
        print(f"The key for {host_of(url)} is deleted." if room.forget_key(url) else f"No key was stored for {host_of(url)}.")
        return
    if sys.stdin.isatty():
        given = typer.prompt(f"Key for {host_of(url)} (it is not shown)", hide_input=True)
    else:
        given = sys.stdin.readline()
    room.store_key(url, given)
    print(f"The key for {host_of(url)} is stored. Use it with 'fineline models use NAME --at {url}'.", file=sys.stderr)


# Looking and trying


def _look(settings: Settings) -> list[Found]:
    from simulator import settings as room
    from simulator.models.discovery import discover

    return asyncio.run(
        discover(key=room.environment_key(), base_url=room.environment_url(), also=room.addresses(settings), key_for=room.api_key)
    )


def _find(name: str, settings: Settings) -> Any:
    """Return the choice of the model called ``name`` wherever it is found; raises :class:`UsageError` with the nearest."""
    from simulator import settings as room
    from simulator.domain.errors import nearest
    from simulator.models.discovery import who_has

    found = _look(settings)
    servers = who_has(found, name)
    if not servers:
        near = nearest(name, [model for server in found for model in server.models])
        hint = f"Did you mean {near!r}?" if near else "See 'fineline models', or say where it is with --at URL."
        raise UsageError(f"No model called {name!r} was found.", hint=hint)
    server, model = servers[0]
    if len(servers) > 1:
        others = ", ".join(other.name for other, _ in servers[1:])
        print(f"Using the one of {server.name}; {others} has it too (--at chooses).", file=sys.stderr)
    return room.ModelChoice(base_url=server.endpoint.url, model=model)


def _to_try(settings: Settings, found: list[Found]) -> list[Endpoint]:
    """Return the models in use, and the first of every other server that was found."""
    from simulator import settings as room

    endpoints: dict[tuple[str, str], Endpoint] = {}
    for endpoint in (room.voice_endpoint(settings), room.judge_endpoint(settings)):
        if endpoint is not None:
            endpoints.setdefault((endpoint.url, endpoint.model), endpoint)
    used = {url for url, _ in endpoints}
    for server in found:
        if server.problem is None and server.endpoint.url not in used:
            endpoints.setdefault((server.endpoint.url, server.endpoint.model), server.endpoint)
    return list(endpoints.values())


async def _try(endpoints: list[Endpoint], *, quietly: bool) -> list[Trial]:
    """Try one after the other: two at a time would slow each other down on one computer."""
    from simulator.models.discovery import trial

    tried = []
    for endpoint in endpoints:
        if not quietly:
            print(f"Trying {endpoint.describe()} …", file=sys.stderr)
        tried.append(await trial(endpoint))
    return tried


# Saying it


def _say(settings: Settings, found: list[Found], tried: list[Trial], *, tried_them: bool) -> None:
    from simulator import settings as room

    print("In use")
    print(f"  voice  {room.describe_voice(settings)}")
    print(f"  judge  {room.describe_judge(settings)}{_price(settings)}")
    print("\nFound")
    for server in found:
        place = f"{server.name} ({server.endpoint.host})" if server.endpoint.host not in server.name else server.name
        print(f"  {place}")
        if server.problem is not None:
            print(f"    {server.problem}")
        else:
            print(f"    {_names(server.models)}")
    if not found:
        print("  no model. Fineline works without one: the built-in voice and judge are used.")
        print("  To use one, start Ollama, LM Studio, llama.cpp or vLLM, or set OPENAI_API_KEY.")
    for each in tried:
        print(f"\n{each.endpoint.describe()}")
        for sentence in each.sentences():
            print(f"  {sentence}")
    if any(server.models for server in found):
        next_step = "" if tried_them else "Try them with 'fineline models --try'; "
        print(f"\n{next_step}{'choose' if next_step else 'Choose'} with 'fineline models use NAME'.", file=sys.stderr)


def _price(settings: Settings) -> str:
    from simulator import settings as room

    price = room.price_of(settings, settings.judge.model) if isinstance(settings.judge, room.ModelChoice) else None
    if price is None:
        return ""
    cached = f", {price.cached:g} from the prompt cache" if price.cached is not None else ""
    return f"; a million tokens: {price.input:g}{cached}, {price.output:g} for answers ({price.currency.upper()})"


def _names(names: tuple[str, ...], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _as_json(settings: Settings, found: list[Found], tried: list[Trial]) -> dict[str, Any]:
    from simulator import settings as room

    return {
        "voice": room.describe_voice(settings),
        "judge": room.describe_judge(settings),
        "found": [
            {
                "name": server.name,
                "base_url": server.endpoint.url,
                "models": list(server.models),
                "problem": str(server.problem) if server.problem else None,
            }
            for server in found
        ],
        "tried": [
            {
                "base_url": each.endpoint.url,
                "model": each.endpoint.model,
                "speaks": each.speaks,
                "reply": each.reply or None,
                "first_word_seconds": each.first_word_s,
                "reply_problem": str(each.reply_problem) if each.reply_problem else None,
                "judges": each.judges,
                "form": each.rung,
                "structured_seconds": each.structured_s,
                "structured_problem": str(each.structured_problem) if each.structured_problem else None,
            }
            for each in tried
        ],
    }
