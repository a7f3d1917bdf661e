"""Carrying single requests to a server and whole answers back, leanly: aiohttp, set up so that nothing goes where it should not.

aiohttp takes a quarter of a second to import and is imported at the first request.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from simulator.models import faults
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError
from simulator.models.wire import MAX_BODY_BYTES

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the body and, with names in lower case as they compare, the headers."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def good(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300

    @property
    def pause_s(self) -> float | None:
        """How many seconds the server asks callers to wait, if it does."""
        return faults.pause_asked(self.headers)

    def data(self) -> Any:
        """Return the parsed body; raises ``ValueError`` or ``RecursionError`` where it is not JSON."""
        return json.loads(self.content)

    def refusal(self) -> faults.Refusal:
        """Return a status that is not success as what it says."""
        try:
            body = self.data()
        except (ValueError, RecursionError):
            body = None
        body = body.get("error", body) if isinstance(body, dict) else body
        return faults.Refusal(self.status, body, partial(self.content.decode, "utf-8", "replace"), self.pause_s)


class Carrier:
    """The connections to one endpoint, opened as they are needed and kept. ``connector`` stands in for the network in tests."""

    def __init__(self, endpoint: Endpoint, connector: Callable[[], aiohttp.BaseConnector] | None = None) -> None:
        self._endpoint = endpoint
        self._given_connector = connector
        self._session: aiohttp.ClientSession | None = None
        self._proxy: str | None = None
        self._urls: dict[str, URL] = {}

    async def send(self, method: str, route: str, body: bytes | None = None, *, within_s: float) -> Answer:
        """Make one request and return what came back, whatever its status. Raises :class:`ModelError`."""
        import aiohttp

        if self._session is None:
            self._session = self._open()
        try:
            async with (
                asyncio.timeout(within_s),
                # What was said goes to the address that the user chose and to no other.
                self._session.request(method, self._url(route), data=body, proxy=self._proxy, allow_redirects=False) as response,
            ):
                return Answer(response.status, await self._content(response), response.headers)
        except TimeoutError as error:
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                raise faults.not_let_in(self._endpoint) from None
            raise faults.no_answer(self._endpoint, within_s) from None
        except (aiohttp.ClientError, OSError, faults.TooMuchError) as error:
            raise self._fault(error) from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _url(self, route: str) -> URL:
        if route not in self._urls:
            from yarl import URL

            parts = urlsplit(self._endpoint.url)
            place = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/") + route)
            self._urls[route] = URL(urlunsplit(place), encoded=True)
        return self._urls[route]

    async def _content(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body, unpacked where it came compressed, letting none grow beyond the limit."""
        pieces = []
        left = MAX_BODY_BYTES
        async for piece in response.content.iter_chunked(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise faults.TooMuchError
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        endpoint = self._endpoint
        secure = endpoint.url.startswith("https:")
        try:
            self._proxy = None if endpoint.local else self._proxy_on_the_way()
            connector = (
                self._given_connector()
                if self._given_connector is not None
                else aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, ssl=_certificates() if secure else False)
            )
        except (ImportError, ValueError, OSError):
            raise faults.bad_surroundings() from None
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json"}
        headers |= dict(endpoint.account)
        if authorization := self._authorization():
            headers["Authorization"] = authorization
        return aiohttp.ClientSession(
            connector=connector,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=endpoint.connect_s),
        )

    def _authorization(self) -> str:
        name, found, password = urlsplit(self._endpoint.url).netloc.rpartition("@")[0].partition(":")
        if found or name:
            pair = f"{unquote(name)}:{unquote(password)}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return f"Bearer {self._endpoint.key.get_secret_value()}" if self._endpoint.key else ""

    def _proxy_on_the_way(self) -> str | None:
        """Return the proxy that the environment sets for this endpoint. Raises ``ValueError`` for one that cannot be used."""
        parts = urlsplit(self._endpoint.url)
        if proxy_bypass(parts.hostname or ""):
            return None
        proxies = getproxies()
        proxy = proxies.get(parts.scheme) or proxies.get("all")
        if not proxy:
            return None
        if "://" not in proxy:
            proxy = f"http://{proxy}"
        if urlsplit(proxy).scheme not in ("http", "https"):
            raise ValueError(proxy)
        return proxy

    def _fault(self, error: Exception) -> ModelError:
        import aiohttp

        endpoint = self._endpoint
        match error:
            case faults.TooMuchError():
                return faults.too_much(endpoint)
            case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
                return faults.proxy_refused(endpoint)
            case aiohttp.ClientSSLError() | ssl.SSLError():
                return faults.bad_certificate(endpoint)
            case aiohttp.ClientConnectorDNSError():
                return faults.no_such_host(endpoint)
            case aiohttp.ClientConnectorError():
                return faults.nothing_there(endpoint)
            case aiohttp.InvalidURL():
                return faults.not_an_address(endpoint)
        return faults.dropped(endpoint)


def _certificates() -> ssl.SSLContext:
    """Return whom to trust: the same authorities as a conversation's client."""
    import httpx2

    return httpx2.create_ssl_context()
