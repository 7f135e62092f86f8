"""A wrong setting stops the start with one sentence, and every setting is written down."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from pathlib import Path

import pytest

from bot.app import StartError, _database, _open
from bot.channels.registry import ServiceSettings
from bot.editing.settings import EditorsSettings
from bot.settings import SECRET_KEY_FILE, Settings, SettingsError, load_as
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from tests.support.settings_docs import EXAMPLE, README, SETTINGS, example, readme


@pytest.fixture(autouse=True)
def fresh_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's directory with a content/ and no settings."""
    (tmp_path / "content").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_no_setting_is_needed() -> None:
    settings = load_as(ServiceSettings)
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
        ("RASA_URL", "http://"),
        ("RASA_URL", "http://[::1"),
        ("RASA_URL", "http://rasa:port"),
        ("RASA_URL", "http://rasa:99999999"),
        ("RASA_URL", "http://rasa/?a=b"),
        ("RASA_URL", "http://ra\x01sa"),
        ("RASA_URL", "http://rasa,,http://rasa2"),
        ("RASA_PORT", "0"),
        ("SECRET_KEY", " "),
        ("TELEGRAM_TOKEN", "\t "),
        ("RASA_TOKEN", "mật khẩu"),
        ("CONTENT_DIR", "nowhere"),
        ("WEB_RATE_LIMIT", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("TELEGRAM_API_URL", "api.telegram.org"),
        ("TELEGRAM_PROXY_URL", "http://proxy:port"),
        ("TELEGRAM_PROXY_URL", "ftp://proxy"),
        ("ZALO_TOKEN_KEY", "no key"),
        ("PUBLIC_URL", "example.org"),
        ("EMBED_ORIGINS", "https://cantho.gov.vn/"),
        ("EMBED_ORIGINS", "https://*.gov.vn"),
        ("EMBED_ORIGINS", "http://cantho.gov.vn"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_as(ServiceSettings)
    assert re.fullmatch(rf"The setting {name} is wrong: [^\n]+\.", str(error.value))


def test_a_channel_that_is_set_up_in_part_is_told_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZALO_APP_ID", "1")
    with pytest.raises(SettingsError, match=r"^[^\n]*ZALO_APP_ID is set, so ZALO_APP_SECRET, [^\n]*\.$"):
        load_as(ServiceSettings)


@pytest.mark.parametrize(
    "value", ["http://editors.example", "https://editors.example/pages", "editors.example", "http://10.0.0.5"]
)
def test_where_editors_cannot_log_in_safely_the_pages_are_not_served(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITORS_URL", value)
    with pytest.raises(SettingsError, match=r"^The setting EDITORS_URL is wrong: [^\n]+\.$"):
        load_as(EditorsSettings)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", "http://localhost:8081"),
        ("https://Editors.Example:443/", "https://editors.example"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_the_editors_address_is_written_as_browsers_write_it(
    value: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITORS_URL", value)
    assert load_as(EditorsSettings).editors_address == address


def test_a_wrong_value_is_not_repeated_for_it_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:hunter2@localhost/bot")
    with pytest.raises(SettingsError) as error:
        load_as(ServiceSettings)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "password",
    ["hunter@2xyz", "hun@ter:2xyz", "hun/ter@2xyz:a@b", "hun@ter/2xyz", "hun[ter2xyz", "p@hunter:2xyz/@"],
)
def test_no_part_of_a_password_is_shown_however_the_address_is_misread(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql+asyncpg://user:{password}@localhost:1/bot")
    try:
        settings = load_as(ServiceSettings)
    except SettingsError as error:
        said = str(error)
        assert "%40" in said
    else:
        with pytest.raises(StartError) as failed:
            asyncio.run(opened(settings))
        said = str(failed.value)
    for part in re.split(r"\W", password):
        assert len(part) < 3 or part not in said


async def opened(settings: Settings) -> None:
    database = _database(settings)
    await _open(database, Inbox(database, "secret"), Outbox(database))


def test_an_env_file_that_is_no_utf_8_is_named(fresh_directory: Path) -> None:
    (fresh_directory / ".env").write_bytes("# Cần Thơ\nPORT=9000\n".encode("utf-16"))
    with pytest.raises(SettingsError, match=r"The file \.env is not UTF-8"):
        load_as(ServiceSettings)


def test_an_env_file_that_cannot_be_read_is_named(fresh_directory: Path) -> None:
    (fresh_directory / ".env").mkdir()
    load_as(ServiceSettings)  # a directory is no settings file, and nobody's mistake


@pytest.mark.parametrize("umask", [0o000, 0o777], ids=oct)
def test_the_secret_key_is_the_owners_only_whatever_the_umask(umask: int, fresh_directory: Path) -> None:
    (fresh_directory / "data").mkdir()
    before = os.umask(umask)
    try:
        load_as(ServiceSettings)
    finally:
        os.umask(before)
    assert stat.S_IMODE(SECRET_KEY_FILE.stat().st_mode) == 0o600
    SECRET_KEY_FILE.chmod(0o644)
    load_as(ServiceSettings)
    assert stat.S_IMODE(SECRET_KEY_FILE.stat().st_mode) == 0o600


def test_an_older_spelling_of_sqlite_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite+aiosqlite:///data/bot.db")
    assert load_as(ServiceSettings).database_url == "sqlite:///data/bot.db"


def test_an_empty_setting_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load_as(ServiceSettings).port == 8080


def test_settings_may_stand_in_a_file(fresh_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fresh_directory / ".env").write_text("PORT=9000\nHOST=0.0.0.0\nOTHERS=1\n")
    monkeypatch.setenv("HOST", "::1")
    assert (load_as(ServiceSettings).port, load_as(ServiceSettings).host) == (9000, "::1")


def test_a_secret_key_is_made_once_and_kept_for_the_owner_only() -> None:
    key = load_as(ServiceSettings).secret_key.get_secret_value()
    assert len(key) > 40
    assert stat.S_IMODE(SECRET_KEY_FILE.stat().st_mode) == 0o600
    assert load_as(ServiceSettings).secret_key.get_secret_value() == key


def test_a_secret_key_that_is_set_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of ours")
    assert load_as(ServiceSettings).secret_key.get_secret_value() == "of ours"
    assert not SECRET_KEY_FILE.exists()


def test_a_secret_key_file_that_is_empty_is_an_error() -> None:
    SECRET_KEY_FILE.parent.mkdir()
    SECRET_KEY_FILE.touch()
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load_as(ServiceSettings)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "12345:secret")
    monkeypatch.setenv("SECRET_KEY", "secret")
    assert "secret'" not in repr(load_as(ServiceSettings))


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in SETTINGS.items() if not field.description] == []


def test_the_example_says_what_the_settings_declare() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example(), "run `make settings`"


def test_the_readme_says_what_the_settings_declare() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in SETTINGS if f"| `{name}` |" not in text] == [], "run `make settings`"
    assert text == readme(text), "run `make settings`"


def test_the_example_changes_nothing(fresh_directory: Path) -> None:
    kinds = (ServiceSettings, EditorsSettings)
    defaults = [load_as(kind).model_dump(exclude={"secret_key"}) for kind in kinds]
    (fresh_directory / ".env").write_text(example(), encoding="utf-8")
    assert [load_as(kind).model_dump(exclude={"secret_key"}) for kind in kinds] == defaults
