"""The first authorisation: an administrator of the Official Account lets the app speak for it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.channels.zalo.api import CONSENT, Pair, ZaloApi
from bot.channels.zalo.settings import ZaloSettings
from bot.channels.zalo.store import ZaloStore
from bot.channels.zalo_calls import NoAnswer, ZaloError
from bot.domain.errors import UserError
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, DatabaseUnusable
from bot.storage.schema import migrate


class LoginSettings(ZaloSettings, Settings):
    """What a login needs: of the database, too."""


class NotAuthorised(UserError):
    """There is no authorisation; says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What an administrator brings back from Zalo's page. oa_id, state: empty if it has none."""

    code: str
    oa_id: str
    state: str


def steps(settings: LoginSettings, state: str) -> str:
    """What an administrator does to consent, with the address of the page."""
    verifier = settings.zalo_code_verifier.get_secret_value()
    known = f", and the code challenge {challenge(verifier)}" if verifier else ""
    callback = f"{settings.public_url or 'https://<your domain>'}/{known}"
    return f"""\
1. In the console (developers.zalo.me), at the app {settings.zalo_app_id}, under Official Account,
   General settings: the callback address {callback}.
2. As an administrator of the account, open the link that the console shows there, or this one, and consent:
   {consent_url(settings, state)}
3. The browser is then taken to an address with code=... in it, which is good for ten minutes.
"""


def consent_url(settings: LoginSettings, state: str) -> str:
    """The page on which an administrator consents."""
    query = {
        "app_id": settings.zalo_app_id,
        "redirect_uri": f"{settings.public_url}/",
        "state": state,
    }
    if verifier := settings.zalo_code_verifier.get_secret_value():
        query["code_challenge"] = challenge(verifier)
    return f"{settings.zalo_oauth_url}{CONSENT}?{urlencode(query)}"


def challenge(verifier: str) -> str:
    """The code challenge of a verifier: its SHA-256 in base64url without padding (`PKCEUtil`, SDK)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def new_state() -> str:
    """Something that only the page opened by us gives back."""
    return secrets.token_urlsafe(16)


def read_consent(pasted: str) -> Consent:
    """What stands in the address that the browser was taken to, or in the bare code.

    Raises:
        NotAuthorised: there is no code in it.
    """
    pasted = pasted.strip()
    query = parse_qs(urlsplit(pasted).query)
    code = query.get("code", [""])[0] if "?" in pasted else pasted
    if not code or any(c.isspace() or c in ":/?&=" for c in code):
        raise NotAuthorised("There is no code in that; paste the whole address, with code=... in it.")
    return Consent(code, query.get("oa_id", [""])[0], query.get("state", [""])[0])


async def by_code(settings: LoginSettings, consent: Consent, state: str) -> str:
    """Get and keep the first tokens for a consent; a line that says so.

    Raises:
        NotAuthorised: why not.
    """
    if consent.oa_id not in {"", settings.zalo_oa_id}:
        raise NotAuthorised(
            f"That is the consent of the account {consent.oa_id}, but ZALO_OA_ID is {settings.zalo_oa_id}."
        )
    if consent.state not in {"", state}:
        raise NotAuthorised("That is the consent to another login; open the page again.")
    verifier = settings.zalo_code_verifier.get_secret_value()
    async with _api(settings) as api:
        return await _keep(settings, await api.exchange(consent.code, verifier))


async def by_refresh_token(settings: LoginSettings, refresh_token: str) -> str:
    """Use a refresh token that the console handed out, and keep what it gives; a line that says so.

    Raises:
        NotAuthorised: why not.
    """
    if not refresh_token.strip():
        raise NotAuthorised("There is no refresh token in that.")
    async with _api(settings) as api:
        return await _keep(settings, await api.renew(refresh_token.strip()))


@asynccontextmanager
async def _api(settings: LoginSettings) -> AsyncIterator[ZaloApi]:
    app_secret = settings.zalo_app_secret.get_secret_value()
    api = ZaloApi(settings.zalo_api_url, settings.zalo_oauth_url, settings.zalo_app_id, app_secret)
    try:
        yield api
    except ZaloError as error:
        raise NotAuthorised(f"Zalo refuses: {error}.") from error
    except NoAnswer as error:
        raise NotAuthorised(f"Zalo does not answer at {settings.zalo_oauth_url}: {error}.") from error
    finally:
        await api.close()


async def _keep(settings: LoginSettings, pair: Pair) -> str:
    try:
        database = Database(settings.database_url)
        try:
            await migrate(database)
            store = ZaloStore(database, settings.zalo_oa_id, settings.zalo_token_key.get_secret_value())
            await store.authorised(pair.access_token, pair.refresh_token, pair.life)
        finally:
            await database.close()
    except (DatabaseUnusable, DatabaseAway) as error:
        raise NotAuthorised(f"{error} Log in again once it can be used.") from error
    hours = int(pair.life.total_seconds() // 3600)
    return (
        f"The Official Account {settings.zalo_oa_id} has authorised the app. The tokens are kept, "
        f"encrypted; the bot renews them by itself, for the first time within {hours} hours."
    )
