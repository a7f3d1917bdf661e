"""The Batch API of OpenAI and those who have it too: files of requests, answered within a day at a lower price.

https://platform.openai.com/docs/guides/batch. What is asked and answered is in files of JSON lines; this module only carries
them. Whoever creates a batch marks it (``metadata``), so that it can be found again where its answer was lost.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.domain.text import clean
from simulator.models import faults, wire
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
# Answers may be longer than the requests; beyond this a server has gone astray.
MOST_BYTES_BACK = 4_000_000_000
CALL = "/v1/chat/completions"

_OPEN = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_PAGE = 100
_PAGES = 20
_SILENCE_S = 120.0
_RETRIES = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the server tells of it. ``problems`` are (code, message) of why it was turned down as a whole."""

    id: str
    status: str
    input_file: str = ""
    output_file: str | None = None
    error_file: str | None = None
    total: int = 0
    done: int = 0
    failed: int = 0
    problems: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether more may come of it."""
        return self.status in _OPEN


class BatchApi:
    """The files and batches of one endpoint. Everything raises :class:`ModelError` in plain words."""

    def __init__(self, endpoint: Endpoint, http_client: httpx2.AsyncClient | None = None, *, retries: int = _RETRIES) -> None:
        self.endpoint = endpoint
        self._given = http_client
        self._made: AsyncOpenAI | None = None
        self._retries = retries

    @property
    def _client(self) -> AsyncOpenAI:
        if self._made is None:
            self._made = wire.make_client(self.endpoint, self._given, retries=self._retries, most_bytes=MOST_BYTES_BACK)
        return self._made

    async def aclose(self) -> None:
        """Close the connections."""
        if self._made is not None:
            made, self._made = self._made, None
            await made.close()

    async def ready(self) -> None:
        """Raise :class:`ModelError` where the endpoint has no Batch API, or lets nobody in."""
        await self._page(limit=1)

    async def upload(self, path: Path, name: str) -> str:
        """Send a file of requests and return its id."""
        options = self._options()
        options["headers"] = {**options["headers"], "Content-Type": "multipart/form-data"}
        with path.open("rb") as file:
            data = await self._asked(
                "post",
                "/files",
                body={"purpose": "batch"},
                files=[("file", (name, file, "application/jsonl"))],
                options=options,
            )
        return self._id(data)

    async def uploaded(self, name: str) -> str | None:
        """Return the id of a file of this name that was sent before, if there is one."""
        data = await self._asked("get", "/files", options={**self._options(), "params": {"purpose": "batch"}})
        for each in _listed(data):
            if each.get("filename") == name and isinstance(each.get("id"), str):
                return str(each["id"])
        return None

    async def create(self, file_id: str, metadata: Mapping[str, str]) -> Batch:
        """Have a file's requests answered. Asked once: whether it was heard where no answer came, :meth:`find` tells."""
        body = {"input_file_id": file_id, "endpoint": CALL, "completion_window": "24h", "metadata": dict(metadata)}
        return _batch(await self._asked("post", "/batches", body=body, options=self._options(retries=0)), self.endpoint)

    async def find(self, metadata: Mapping[str, str], file_id: str | None = None) -> Batch | None:
        """Return the newest batch that bears these marks, or was made of this file; ``None`` where there is none."""
        async for batch in self._all():
            marked = bool(metadata) and all(batch.metadata.get(name) == value for name, value in metadata.items())
            if marked or (file_id is not None and batch.input_file == file_id):
                return batch
        return None

    async def look(self, batch_id: str) -> Batch:
        """Return how a batch stands."""
        return _batch(await self._asked("get", f"/batches/{_safe(batch_id)}", options=self._options(), known=True), self.endpoint)

    async def cancel(self, batch_id: str) -> None:
        """End a batch; what is answered already stays."""
        await self._asked("post", f"/batches/{_safe(batch_id)}/cancel", options=self._options(), known=True)

    async def delete(self, file_id: str) -> None:
        """Take a file off the server."""
        await self._asked("delete", f"/files/{_safe(file_id)}", options=self._options(), known=True)

    async def download(self, file_id: str, path: Path) -> None:
        """Write a file of answers to ``path``; it is there only when it is whole."""
        import openai

        temporary = path.with_name(f".{path.name}.tmp")
        options = self._options()
        try:
            content = self._client.files.with_streaming_response.content(
                _safe(file_id), extra_headers=options["headers"], timeout=options["timeout"]
            )
            async with content as response:
                with temporary.open("wb") as file:
                    async for chunk in response.iter_bytes(1 << 20):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except openai.APIStatusError as error:
            raise self._fault(error, known=True) from None
        except (OSError, ModelError):
            raise
        except Exception as error:
            raise faults.from_exception(error, self.endpoint) from None
        finally:
            temporary.unlink(missing_ok=True)

    # How a request is made

    def _options(self, *, retries: int | None = None) -> Any:
        return wire.request_options(self.endpoint, silence_s=_SILENCE_S, retries=self._retries if retries is None else retries)

    async def _asked(self, method: str, path: str, *, known: bool = False, **given: Any) -> dict[str, Any]:
        """Return the body of an answer. ``known`` tells that the address names something that should be there."""
        import openai

        try:
            data = await getattr(self._client, method)(path, cast_to=object, **given)
        except openai.APIStatusError as error:
            raise self._fault(error, known=known) from None
        except OSError:
            raise
        except Exception as error:
            raise faults.from_exception(error, self.endpoint) from None
        if not isinstance(data, dict):
            raise faults.not_a_model_server(self.endpoint, page=isinstance(data, str))
        return data

    def _fault(self, error: Any, *, known: bool) -> ModelError:
        server = faults.server_name(self.endpoint)
        if error.status_code in (404, 405, 501):
            if known:
                return ModelError("not_found", f"{server} does not have it (any more) ({error.status_code}).")
            return ModelError(
                "not_found",
                f"{server} has no Batch API ({error.status_code}).",
                hint="Leave --batch-api out to ask it directly.",
            )
        return faults.from_exception(error, self.endpoint)

    async def _page(self, *, limit: int, after: str | None = None) -> dict[str, Any]:
        params = {"limit": limit, **({"after": after} if after else {})}
        return await self._asked("get", "/batches", options={**self._options(), "params": params})

    async def _all(self) -> AsyncIterator[Batch]:
        """Yield batches, newest first."""
        after = None
        for _ in range(_PAGES):
            data = await self._page(limit=_PAGE, after=after)
            batches = [_batch(each, self.endpoint) for each in _listed(data)]
            for each in batches:
                yield each
            if not data.get("has_more") or not batches:
                return
            after = batches[-1].id

    def _id(self, data: Mapping[str, Any]) -> str:
        if not isinstance(data.get("id"), str):
            raise faults.not_a_model_server(self.endpoint, page=False)
        return str(data["id"])


def _listed(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = data.get("data")
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _batch(data: Mapping[str, Any], endpoint: Endpoint) -> Batch:
    if not isinstance(data.get("id"), str) or not isinstance(data.get("status"), str):
        raise faults.not_a_model_server(endpoint, page=False)
    counts = data.get("request_counts") or {}
    errors = (data.get("errors") or {}).get("data") or []
    batch = Batch(
        id=data["id"],
        status=data["status"],
        input_file=str(data.get("input_file_id") or ""),
        output_file=data.get("output_file_id") or None,
        error_file=data.get("error_file_id") or None,
        total=int(counts.get("total") or 0),
        done=int(counts.get("completed") or 0),
        failed=int(counts.get("failed") or 0),
        metadata={str(name): str(value) for name, value in (data.get("metadata") or {}).items()},
    )
    told = [(str(each.get("code") or ""), _short(each.get("message"))) for each in errors if isinstance(each, dict)]
    return replace(batch, problems=tuple(told))


def _short(message: object) -> str:
    return clean(str(message or ""), keep_newlines=False).strip()[:300]


def _safe(name: str) -> str:
    """Return an id as a part of an address."""
    from urllib.parse import quote

    return quote(name, safe="-_.")
