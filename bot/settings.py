"""The settings: from the environment, or from .env; a wrong one stops the start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography.fernet import Fernet
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

SECRET_KEY_FILE = Path("data/secret_key")

_DATABASES = ("sqlite+aiosqlite", "postgresql+asyncpg")


ZALO_NEEDS = ("zalo_app_secret", "zalo_oa_id", "zalo_token_key")
"""What else has to be set if ZALO_APP_ID is."""


class SettingsError(Exception):
    """A setting is wrong; says which, in one sentence each."""


def _database_url(value: str) -> str:
    try:
        driver = make_url(value).drivername
    except ArgumentError as error:
        raise ValueError("this is no database address") from error
    if driver not in _DATABASES:
        raise ValueError(f"must begin with one of {', '.join(_DATABASES)}")
    return value


def _http_url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _fernet_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    try:
        if key:
            Fernet(key)
    except ValueError as error:
        raise ValueError("it is no key; `python -m bot zalo key` prints a new one") from error
    return value


def _directory(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("there is no such directory")
    return value


Url = Annotated[str, AfterValidator(_http_url)]


class Settings(BaseSettings):
    """Every setting, with its default. The name in the environment is the same in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", validate_default=True, frozen=True
    )

    port: int = Field(8080, ge=0, le=65535, description="Port of the page and the webhooks")
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every network")
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite+aiosqlite:///data/bot.db",
        description="Database; SQLite serves one process, PostgreSQL any number",
    )
    rasa_url: Url = Field("", description="Address of the Rasa side; empty: it is started as a child")
    rasa_port: int = Field(
        5005, ge=1, le=65535, description="Port of the Rasa side that is started as a child"
    )
    content_dir: Annotated[Path, AfterValidator(_directory)] = Field(
        Path("content"), description="The editors' directory"
    )
    web_rate_limit: int = Field(
        30, ge=0, description="Messages a minute that the page takes of one conversation; 0: no limit at all"
    )
    web_address_limit: int = Field(
        600, ge=0, description="Messages a minute that the page takes from one address; 0: no limit"
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Key of the hashes that hide ids; empty: one is made and kept in data/secret_key",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least that is logged: DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["json", "text"] = Field("text", description="Form of the log: text or json")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token with which Prometheus reads /metrics; empty: no /metrics"
    )
    telegram_token: SecretStr = Field(
        SecretStr(""), description="Token of the Telegram bot; empty: no Telegram"
    )
    telegram_api_url: Url = Field("https://api.telegram.org", description="Address of Telegram's Bot API")
    public_url: Url = Field(
        "", description="Address at which the internet reaches the bot; empty: no webhooks"
    )
    zalo_app_id: str = Field("", description="Id of the app on Zalo; empty: no Zalo")
    zalo_app_secret: SecretStr = Field(SecretStr(""), description="Secret of the app on Zalo")
    zalo_oa_id: str = Field("", description="Id of the Official Account")
    zalo_oa_secret: SecretStr = Field(
        SecretStr(""), description="Secret of the Official Account's webhook; empty: set-up mode"
    )
    zalo_token_key: Annotated[SecretStr, AfterValidator(_fernet_key)] = Field(
        SecretStr(""),
        description="Key that encrypts Zalo's tokens in the database; `python -m bot zalo key` makes one",
    )
    zalo_code_verifier: SecretStr = Field(
        SecretStr(""), description="Verifier of the code challenge that stands in Zalo's console, if one does"
    )
    zalo_api_url: Url = Field("https://openapi.zalo.me", description="Address of Zalo's OpenAPI")
    zalo_oauth_url: Url = Field("https://oauth.zaloapp.com", description="Address of Zalo's authorisation")

    @model_validator(mode="after")
    def _zalo_is_whole(self) -> Self:
        missing = [
            name.upper() for name in ZALO_NEEDS if self.zalo_app_id and not _is_set(getattr(self, name))
        ]
        if missing:
            raise ValueError(f"ZALO_APP_ID is set, so {', '.join(missing)} has to be set, too")
        return self

    def secrets(self) -> list[str]:
        """The values that no log may show; empty ones among them."""
        values = (getattr(self, name) for name in type(self).model_fields)
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return [*secrets, make_url(self.database_url).password or ""]

    @property
    def rasa_address(self) -> str:
        """Where the Rasa side is, the bot's child or not."""
        return self.rasa_url or f"http://127.0.0.1:{self.rasa_port}"

    @property
    def own_address(self) -> str:
        """Where this machine reaches the bot."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 to be replaced
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load() -> Settings:
    """The settings as the environment has them, with a secret key.

    Raises:
        SettingsError: one is wrong.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(explain(error)) from error
    if settings.secret_key.get_secret_value():
        return settings
    return settings.model_copy(update={"secret_key": SecretStr(_kept_secret_key(SECRET_KEY_FILE))})


def _is_set(value: str | SecretStr) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def explain(error: ValidationError) -> str:
    """What is wrong with the settings, one sentence each; without the values, which may be secret."""
    return "\n".join(_sentence(detail) for detail in error.errors())


def _sentence(detail: ErrorDetails) -> str:
    problem = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:  # it is about several settings, and names them
        return f"{problem}."
    name = str(detail["loc"][0]).upper()
    return f"The setting {name} is wrong: {problem[0].lower()}{problem[1:]}."


def _kept_secret_key(file: Path) -> str:
    """The key made at the first start. Only the owner can read it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(file, "x", opener=_owner_only, encoding="ascii") as new:
                new.write(secrets.token_urlsafe(32))
        except FileExistsError:
            pass
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The setting SECRET_KEY is not set, and {file} cannot be used.") from error
    if not key:
        raise SettingsError(f"The setting SECRET_KEY is not set, and {file} is empty; delete that file.")
    return key


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
