"""A wrong setting stops the start with one sentence, and every setting is written down."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from bot.settings import SECRET_KEY_FILE, Settings, SettingsError, load
from tests.conftest import ROOT

NAMES = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def fresh_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's directory with a content/ and no settings."""
    (tmp_path / "content").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_no_setting_is_needed() -> None:
    settings = load()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database_url.startswith("sqlite:")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DATABASE_URL", "bot.db"),
        ("DATABASE_URL", "mysql://localhost/bot"),
        ("RASA_URL", "localhost:5005"),
        ("RASA_PORT", "0"),
        ("CONTENT_DIR", "nowhere"),
        ("WEB_RATE_LIMIT", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("TELEGRAM_API_URL", "api.telegram.org"),
        ("PUBLIC_URL", "example.org"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load()
    assert re.fullmatch(rf"The setting {name} is wrong: [^\n]+\.", str(error.value))


def test_a_wrong_value_is_not_repeated_for_it_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:hunter2@localhost/bot")
    with pytest.raises(SettingsError) as error:
        load()
    assert "hunter2" not in str(error.value)


def test_an_empty_setting_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load().port == 8080


def test_settings_may_stand_in_a_file(fresh_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fresh_directory / ".env").write_text("PORT=9000\nHOST=0.0.0.0\nOTHERS=1\n")
    monkeypatch.setenv("HOST", "::1")
    assert (load().port, load().host) == (9000, "::1")


def test_a_secret_key_is_made_once_and_kept_for_the_owner_only() -> None:
    key = load().secret_key.get_secret_value()
    assert len(key) > 40
    assert stat.S_IMODE(SECRET_KEY_FILE.stat().st_mode) == 0o600
    assert load().secret_key.get_secret_value() == key


def test_a_secret_key_that_is_set_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of ours")
    assert load().secret_key.get_secret_value() == "of ours"
    assert not SECRET_KEY_FILE.exists()


def test_a_secret_key_file_that_is_empty_is_an_error() -> None:
    SECRET_KEY_FILE.parent.mkdir()
    SECRET_KEY_FILE.touch()
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "12345:secret")
    monkeypatch.setenv("SECRET_KEY", "secret")
    assert "secret'" not in repr(load())


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_setting_stands_in_the_example_with_its_default(
    fresh_directory: Path,
) -> None:
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^([A-Z_]+)=", example, re.MULTILINE) == NAMES
    defaults = load().model_dump(exclude={"secret_key"})
    (fresh_directory / ".env").write_text(example)
    assert load().model_dump(exclude={"secret_key"}) == defaults


def test_every_setting_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"| `{name}` |" not in readme] == []
