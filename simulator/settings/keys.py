"""Keys: from the environment or the OS keyring, never in a file, and given to no server but their own."""

from __future__ import annotations

from simulator.domain.errors import FinelineError, UsageError
from simulator.models.endpoint import OPENAI_URL, normalise, origin_of
from simulator.settings.places import variable

_KEYRING_SERVICE = "fineline"


def environment_key() -> str | None:
    """Return the key of ``OPENAI_API_KEY``, or ``None``."""
    return variable("OPENAI_API_KEY")


def account_headers(base_url: str) -> tuple[tuple[str, str], ...]:
    """Return what tells OpenAI which organisation and project pays, as set in the environment."""
    if origin_of(base_url) != origin_of(OPENAI_URL):
        return ()
    given = {"OpenAI-Organization": variable("OPENAI_ORG_ID"), "OpenAI-Project": variable("OPENAI_PROJECT_ID")}
    return tuple((name, value) for name, value in given.items() if value is not None)


def environment_url() -> str | None:
    """Return the server of ``OPENAI_BASE_URL`` as a base URL, or ``None``. Raises :class:`UsageError` if it is no address."""
    given = variable("OPENAI_BASE_URL")
    if given is None:
        return None
    try:
        return normalise(given)
    except UsageError:
        raise UsageError(
            "The variable OPENAI_BASE_URL is not the address of a model server.", hint="One looks like http://localhost:11434/v1."
        ) from None


def api_key(base_url: str | None) -> str | None:
    """Return the key for a server: of the environment, else of the OS keyring, else ``None``.

    ``OPENAI_API_KEY`` belongs to the server of ``OPENAI_BASE_URL`` (OpenAI's own if that is not set) and is given to no
    other, least of all to whatever happens to listen on a local port. A machine without a keyring is no error.
    """
    url = normalise(base_url) if base_url else (environment_url() or OPENAI_URL)
    given = environment_key()
    if given is not None and origin_of(url) == origin_of(environment_url() or OPENAI_URL):
        return given
    import keyring

    try:
        return keyring.get_password(_KEYRING_SERVICE, origin_of(url)) or None
    except Exception:  # backends raise what their platform raises; without a keyring there is simply no stored key
        return None


def store_key(base_url: str | None, key: str) -> None:
    """Keep a server's key in the OS keyring. Raises :class:`FinelineError` where there is none, saying what to do instead."""
    import keyring

    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise UsageError("That is not a key.", hint="Paste it as the provider shows it.")
    origin = origin_of(normalise(base_url) if base_url else OPENAI_URL)
    try:
        keyring.set_password(_KEYRING_SERVICE, origin, key)
    except Exception:  # as above; and the message of a backend is not shown, it might hold the key
        raise FinelineError(
            "This computer has no keyring that can keep the key.", hint="Set the variable OPENAI_API_KEY instead."
        ) from None


def forget_key(base_url: str | None) -> bool:
    """Delete a server's key from the OS keyring; return whether there was one."""
    import keyring

    origin = origin_of(normalise(base_url) if base_url else OPENAI_URL)
    try:
        keyring.delete_password(_KEYRING_SERVICE, origin)
    except Exception:  # no keyring, or no such key: either way it is not there
        return False
    return True
