"""A home of its own for every test: no variable and no keyring of whoever runs it."""

from __future__ import annotations

from pathlib import Path

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FINELINE_PATH", "FINELINE_DATA", "FINELINE_CACHE")
OVERRIDES = ("FINELINE_VOICE", "FINELINE_JUDGE", "FINELINE_THEME", "FINELINE_BLIND_JUDGE", "FINELINE_REDUCED_MOTION")


class Ring(KeyringBackend):
    """A keyring in memory; or one as on a machine without any."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.missing = False

    def _fail(self) -> None:
        if self.missing:
            raise keyring.errors.NoKeyringError("no backend; the key was sk-1")

    def get_password(self, service: str, username: str) -> str | None:
        self._fail()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._fail()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._fail()
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")


@pytest.fixture(autouse=True)
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in VARIABLES + OVERRIDES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINELINE_CONFIG", str(tmp_path / "config"))
    before, mine = keyring.get_keyring(), Ring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.fixture
def file(tmp_path: Path):
    """Write the settings file and return its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "config" / "settings.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
