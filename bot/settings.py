"""The settings: from the environment, or from .env; a wrong one stops the start.

Those of a channel stand in its folder; bot/channels/registry.py adds them to the service's own. Those of the
editors' pages stand in bot/editing/settings.py.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import httpx
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import UserError

SECRET_KEY_FILE = Path("data/secret_key")
RASA_TOKEN_FILE = Path("data/rasa_token")

_DATABASES = {"sqlite": "sqlite", "sqlite+aiosqlite": "sqlite", "postgresql+asyncpg": "postgresql+asyncpg"}
"""What DATABASE_URL may begin with, and the driver that it stands for; the second is an older spelling."""


class SettingsError(UserError):
    """A setting is wrong; says which, in one sentence each."""


def database_address(value: str) -> str:
    """Never says a part of the address: it may be one of the password."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError) as error:
        raise ValueError(_NO_DATABASE_URL) from error
    if url.drivername not in _DATABASES:
        raise ValueError("must begin with one of sqlite, postgresql+asyncpg")
    if url.get_backend_name() != "sqlite" and "@" in f"{url.host}{url.database}":
        raise ValueError(_NO_DATABASE_URL)
    return url.set(drivername=_DATABASES[url.drivername]).render_as_string(hide_password=False)


_NO_DATABASE_URL = (
    "this is no database address; in a password write @ as %40, : as %3A, / as %2F, ? as %3F and # as %23"
)


def _http_url(value: str) -> str:
    if not value:
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        url = httpx.URL(value)
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError("this is no address such as https://bot.example:8443") from error
    if not url.host or url.query or url.fragment or not 0 < (url.port or 80) < 65536:
        raise ValueError("this is no address such as https://bot.example:8443")
    return value.rstrip("/")


def _origins(value: str) -> str:
    for origin in value.split():
        if not re.fullmatch(
            r"https://[a-z0-9.-]+(:\d{1,5})?|http://(127\.0\.0\.1|localhost)(:\d{1,5})?", origin
        ):
            raise ValueError(
                f"{origin[:100]} is no site such as https://cantho.gov.vn, without a path behind it"
            )
    return " ".join(value.split())


def _http_urls(value: str) -> str:
    parts = [_http_url(part.strip()) for part in value.split(",")]
    if value and not all(parts):
        raise ValueError("between two commas there is no address")
    return ",".join(parts)


def _secret(value: SecretStr) -> SecretStr:
    # One of nothing but a blank would be taken out of every line of the log, blank by blank.
    if value.get_secret_value().isspace():
        raise ValueError("there is nothing but blanks in it")
    return value


def _bearer_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]*", value.get_secret_value()):
        raise ValueError("only letters, digits and signs of ASCII may stand in it")
    return value


def _directory(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("there is no such directory")
    return value


Url = Annotated[str, AfterValidator(_http_url)]
"""An address that begins with http:// or https://, without a slash at the end; it may be empty."""

Urls = Annotated[str, AfterValidator(_http_urls)]
"""One such address, or several with commas between."""

Secret = Annotated[SecretStr, AfterValidator(_secret)]
"""What the log never shows; it may be empty."""


class EnvironmentSettings(BaseSettings):
    """Settings of one part, each with its default. The name in the environment is the same in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", validate_default=True, frozen=True
    )

    def secrets(self) -> list[str]:
        """The values that no log may show; empty ones among them."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


class Settings(EnvironmentSettings):
    """What can be set of the service itself, whatever its channels are."""

    port: int = Field(8080, ge=0, le=65535, description="Port of the page and the webhooks")
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every network")
    database_url: Annotated[str, AfterValidator(database_address)] = Field(
        "sqlite:///data/bot.db",
        description="Database; SQLite serves one process, PostgreSQL (postgresql+asyncpg://...) any number",
    )
    rasa_url: Urls = Field(
        "",
        description="Address of the Rasa side; empty: it is started as a child. After a comma more runners "
        "that follow it, or a name of several",
    )
    rasa_port: int = Field(
        5005, ge=1, le=65535, description="Port of the Rasa side that is started as a child"
    )
    rasa_token: Annotated[SecretStr, AfterValidator(_bearer_token)] = Field(
        SecretStr(""),
        description="Secret by which the Rasa side knows the bot, the same on both sides; empty without "
        "RASA_URL: one is made and kept in data/rasa_token",
    )
    content_dir: Annotated[Path, AfterValidator(_directory)] = Field(
        Path("content"), description="The editors' directory"
    )
    secret_key: Secret = Field(
        SecretStr(""),
        description="Key of the hashes that hide ids; empty: one is made and kept in data/secret_key",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least that is logged: DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["json", "text"] = Field("text", description="Form of the log: text or json")
    metrics_token: Secret = Field(
        SecretStr(""), description="Bearer token with which Prometheus reads /metrics; empty: no /metrics"
    )
    public_url: Url = Field(
        "", description="Address at which the internet reaches the bot; empty: no webhooks"
    )
    embed_origins: Annotated[str, AfterValidator(_origins)] = Field(
        "",
        description="Sites that may show the chat in a frame, with blanks between them "
        "(https://cantho.gov.vn); empty: none",
    )

    def secrets(self) -> list[str]:
        """The values that no log may show; empty ones among them."""
        return [*super().secrets(), make_url(self.database_url).password or ""]

    @property
    def rasa_address(self) -> str:
        """Where the Rasa side is, the bot's child or not; of several, the one that trains."""
        return self.rasa_addresses[0]

    @property
    def rasa_addresses(self) -> list[str]:
        """Where messages may be put to the Rasa side; the first is the one that trains."""
        return self.rasa_url.split(",") if self.rasa_url else [f"http://127.0.0.1:{self.rasa_port}"]

    @property
    def own_address(self) -> str:
        """Where this machine reaches the bot."""
        return local_url(self.host, self.port)


def local_url(host: str, port: int) -> str:
    """Where this machine reaches what listens on an address, be it that of every network."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 to be replaced
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


S = TypeVar("S", bound=EnvironmentSettings)
T = TypeVar("T", bound=Settings)


def read() -> Settings:
    """The service's own settings as the environment has them, and no more.

    Raises:
        SettingsError: one is wrong.
    """
    return read_as(Settings)


def load() -> Settings:
    """The service's own settings, as `load_as` has them.

    Raises:
        SettingsError: one is wrong.
    """
    return load_as(Settings)


def read_as(kind: type[S]) -> S:
    """Settings of a kind as the environment has them, and no more.

    Raises:
        SettingsError: one is wrong.
    """
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(explain(error)) from error
    except UnicodeDecodeError as error:
        raise SettingsError("The file .env is not UTF-8: save it as UTF-8 and start again.") from error
    except OSError as error:
        raise SettingsError(f"The file .env cannot be read: {error.strerror}.") from error


def load_as(kind: type[T]) -> T:
    """Settings of a kind, with a secret key and the Rasa side's token, made where there are none.

    Args:
        kind: the service's own settings, or a subclass with those of channels, too.

    Raises:
        SettingsError: one is wrong.
    """
    settings = read_as(kind)
    made = {}
    if not settings.secret_key.get_secret_value():
        made["secret_key"] = SecretStr(kept_secret("SECRET_KEY", SECRET_KEY_FILE))
    if not settings.rasa_token.get_secret_value() and not settings.rasa_url:
        made["rasa_token"] = SecretStr(kept_secret("RASA_TOKEN", RASA_TOKEN_FILE))
    return settings.model_copy(update=made)


def explain(error: ValidationError) -> str:
    """What is wrong with the settings, one sentence each; without the values, which may be secret."""
    return "\n".join(_sentence(detail) for detail in error.errors())


def _sentence(detail: ErrorDetails) -> str:
    problem = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:  # it is about several settings, and names them
        return f"{problem}."
    name = str(detail["loc"][0]).upper()
    return f"The setting {name} is wrong: {problem[0].lower()}{problem[1:]}."


def kept_secret(name: str, file: Path) -> str:
    """The secret of a setting, made at the first start. Only the owner can read it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(file, "x", opener=_owner_only, encoding="ascii") as new:
                os.fchmod(new.fileno(), 0o600)  # whatever the umask
                new.write(secrets.token_urlsafe(32))
        except FileExistsError:
            if file.stat().st_uid == os.geteuid():
                file.chmod(0o600)  # an older version or a copy may have left it to others
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The setting {name} is not set, and {file} cannot be used.") from error
    if not key:
        raise SettingsError(f"The setting {name} is not set, and {file} is empty; delete that file.")
    return key


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
