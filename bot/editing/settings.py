"""What can be set of the editors' pages, beside what is set of the service."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Annotated, Self

import httpx
from pydantic import AfterValidator, Field, SecretStr, model_validator
from sqlalchemy import make_url

from bot.desk.reminders import MailServer
from bot.settings import Secret, Settings, Url, database_address, kept_secret, load_as, local_url

KEY_FILE = Path("data/editors_key")

SMTPS_PORT = 465
"""Where TLS is spoken from the beginning (RFC 8314); elsewhere it is begun by STARTTLS."""


_OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def _origin(value: str) -> str:
    """An address as a browser writes it, to which it keeps cookies and passkeys."""
    if not value:
        return value
    url = httpx.URL(value)
    if url.path not in {"", "/"}:
        raise ValueError("must be an address without a path: https://editors.example.gov.vn")
    if url.scheme != "https" and url.host not in _OF_THIS_MACHINE:
        raise ValueError("must begin with https://, unless it is this machine's own (localhost)")
    return str(url).rstrip("/")


class EditorsSettings(Settings):
    """The editors' pages: a process of their own, with a port and a database of their own."""

    editors_port: int = Field(8081, ge=0, le=65535, description="Port of the editors' pages")
    editors_host: str = Field(
        "127.0.0.1", description="Address on which the editors' pages listen; 0.0.0.0 for every network"
    )
    editors_url: Annotated[Url, AfterValidator(_origin)] = Field(
        "", description="Address at which editors reach their pages; https:// wherever it is not this machine"
    )
    bot_url: Url = Field(
        "", description="Address at which the editors' pages ask the bot how it is; empty: on this machine"
    )
    editors_database_url: Annotated[str, AfterValidator(database_address)] = Field(
        "sqlite:///data/editors.db", description="Database of the editors' pages, never the bot's own"
    )
    editors_key: Secret = Field(
        SecretStr(""),
        description="Key that encrypts the second factors of accounts; empty: one is made and kept in "
        "data/editors_key",
    )
    smtp_host: str = Field("", description="Mail server for review reminders; empty: no mail")
    smtp_port: int = Field(
        587,
        ge=1,
        le=65535,
        description="Its port; 465: TLS from the beginning, else STARTTLS; without it no password is sent",
    )
    smtp_user: str = Field("", description="Name to log in to it with; empty: without a login")
    smtp_password: Secret = Field(SecretStr(""), description="Password to log in to it with")
    smtp_sender: str = Field("", description="Address from which the reminders come")

    @model_validator(mode="after")
    def _has_sender(self) -> Self:
        if self.smtp_host and "@" not in self.smtp_sender:
            raise ValueError("SMTP_HOST is set, so SMTP_SENDER has to be a mail address")
        return self

    def secrets(self) -> list[str]:
        """The values that no log may show; empty ones among them."""
        return [*super().secrets(), make_url(self.editors_database_url).password or ""]

    @property
    def editors_address(self) -> str:
        """Where editors reach their pages. Of this machine by its name, since passkeys belong to names."""
        local = local_url(self.editors_host, self.editors_port)
        return self.editors_url or local.replace("://127.0.0.1:", "://localhost:")

    @property
    def bot_address(self) -> str:
        """Where the bot says how it is."""
        return self.bot_url or self.own_address

    @property
    def mail_server(self) -> MailServer | None:
        """Where reminders are handed over; None: no mail is sent."""
        if not self.smtp_host:
            return None
        return MailServer(
            self.smtp_host, self.smtp_port, self.smtp_sender, self.smtp_user or None,
            self.smtp_password.get_secret_value() or None, uses_tls=self.smtp_port == SMTPS_PORT,
        )  # fmt: skip

    @property
    def fernet_key(self) -> str:
        """`editors_key` in the form that Fernet wants, whatever was typed."""
        digest = hashlib.sha256(self.editors_key.get_secret_value().encode()).digest()
        return base64.urlsafe_b64encode(digest).decode()


def load() -> EditorsSettings:
    """The settings, with a key, which is made where there is none.

    Raises:
        SettingsError: one is wrong.
    """
    settings = load_as(EditorsSettings)
    if settings.editors_key.get_secret_value():
        return settings
    key = SecretStr(kept_secret("EDITORS_KEY", KEY_FILE))
    return settings.model_copy(update={"editors_key": key})
