"""The few calls to Zalo's Official Account API that the bot makes."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from dataclasses import dataclass
from typing import TypeVar

import httpx
from aiolimiter import AsyncLimiter
from pydantic import BaseModel, Field, ValidationError

from bot.channels.zalo.limits import ACCESS_TOKEN_LIFE, CALL_SECONDS, MINUTE_CALLS
from bot.channels.zalo_calls import Lenient, NoAnswer, ZaloError, post

UPLOAD = "/v2.0/oa/upload/image"
MESSAGE = "/v3.0/oa/message/cs"
QUOTA = "/v3.0/oa/quota/message"
TEMPLATE = "/v3.0/oa/message/template"
FREE_LEFT = "/v2.0/oa/quota/message"
ACCESS_TOKEN = "/v4/oa/access_token"  # noqa: S105  (a path)
CONSENT = "/v4/oa/permission"

JsonObject = dict[str, object]

M = TypeVar("M", bound=BaseModel)


class Quota(Lenient):
    """What a message was charged to ("reply" is free of charge), and how much of that is left."""

    quota_type: str = ""
    remain: int | None = None


class FreeLeft(Lenient):
    """How many free messages of its package the OA has left, and of how many, as far as Zalo says."""

    remain: int | None = None
    total: int | None = None


class _Sent(Lenient):
    quota: Quota | None = None


class _Uploaded(Lenient):
    attachment_id: str


class _Replies(Lenient):
    remain: int | None = None


class Allowance(Lenient):
    """Whether a person may be written to: when they last wrote, and how many free messages are left.

    last_interaction: milliseconds since the epoch.
    """

    last_interaction: int | None = Field(None, ge=0, lt=10**14)
    cs_reply: _Replies | None = None

    @property
    def free_messages(self) -> int | None:
        """How many messages are free, if Zalo says so."""
        return self.cs_reply.remain if self.cs_reply else None

    @property
    def last_wrote(self) -> datetime.datetime | None:
        """When the person last wrote, if Zalo says so."""
        if self.last_interaction is None:
            return None
        return datetime.datetime.fromtimestamp(self.last_interaction / 1000, datetime.UTC)


class _Envelope(Lenient):
    error: int = 0
    message: str = ""
    data: JsonObject | None = None


class _Tokens(Lenient):
    access_token: str
    refresh_token: str
    expires_in: int = Field(int(ACCESS_TOKEN_LIFE.total_seconds()), gt=0, lt=10**9)


class _Refusal(Lenient):
    error: int
    error_name: str = ""
    error_description: str = ""
    error_reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A new pair of tokens. Whoever has it has to keep it: the refresh token before it is dead.

    life: of the access token.
    """

    access_token: str
    refresh_token: str
    life: datetime.timedelta


class ZaloApi:
    """Zalo's servers. url: of the OpenAPI."""

    def __init__(
        self, api_url: str, oauth_url: str, app_id: str, app_secret: str, call_seconds: float = CALL_SECONDS
    ) -> None:
        self.url, self._oauth_url = api_url, oauth_url
        self._app_id, self._app_secret = app_id, app_secret
        self._http = httpx.AsyncClient(timeout=call_seconds, trust_env=False)
        self._within = call_seconds
        self._calls = AsyncLimiter(MINUTE_CALLS, 60)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, access_token: str, user_id: str, message: JsonObject) -> Quota | None:
        """Send a consultation message; what it was charged to, if Zalo says so.

        Raises:
            ZaloError, NoAnswer: it did not.
        """
        body: JsonObject = {"recipient": {"user_id": user_id}, "message": message}
        return _read(_Sent, await self._call(access_token, MESSAGE, body)).quota

    async def upload(self, access_token: str, data: bytes, name: str) -> str:
        """Upload a picture of 1 MB at most; the id by which messages have it for 7 days.

        Raises:
            ZaloError, NoAnswer: it did not.
        """
        headers = self._headers(access_token)
        async with self._calls:
            answer = await self._post(self.url + UPLOAD, headers, file=(name, data))
        return _read(_Uploaded, _opened(answer)).attachment_id

    async def allowance(self, access_token: str, user_id: str) -> Allowance:
        """Whether somebody may be written to who did not write just now.

        Raises:
            ZaloError, NoAnswer: it is not known.
        """
        return _read(Allowance, await self._call(access_token, QUOTA, {"user_id": user_id}))

    async def free_left(self, access_token: str) -> FreeLeft:
        """How many free messages the OA has left.

        Raises:
            ZaloError, NoAnswer: it is not known.
        """
        return _read(FreeLeft, await self._call(access_token, FREE_LEFT, {}))

    async def send_template(self, access_token: str, user_id: str, template_id: str) -> None:
        """Send an approved template without anything to fill in (ZBS Template Message), which is charged.

        Raises:
            ZaloError, NoAnswer: it was not sent, or that is not known.
        """
        body: JsonObject = {"user_id": user_id, "template_id": template_id, "template_data": {}}
        await self._call(access_token, TEMPLATE, body)

    async def exchange(self, code: str, verifier: str = "") -> Pair:
        """The first pair of tokens for an authorisation code, which lives 10 minutes and works once.

        Raises:
            ZaloError, NoAnswer: there is none.
        """
        form = {"grant_type": "authorization_code", "code": code}
        return await self._tokens(form | ({"code_verifier": verifier} if verifier else {}))

    async def renew(self, refresh_token: str) -> Pair:
        """The next pair of tokens; the refresh token works this once.

        Raises:
            ZaloError: Zalo refused.
            NoAnswer: it is not known whether the refresh token is used up, unless `is_unsent`.
        """
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _call(self, access_token: str, path: str, body: JsonObject) -> JsonObject:
        async with self._calls:
            answer = await self._post(self.url + path, self._headers(access_token), json=body)
        return _opened(answer)

    def _headers(self, access_token: str) -> dict[str, str]:
        proof = hmac.new(self._app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
        return {"access_token": access_token, "appsecret_proof": proof}

    async def _tokens(self, form: dict[str, str]) -> Pair:
        headers = {"secret_key": self._app_secret}
        answer = await self._post(
            self._oauth_url + ACCESS_TOKEN, headers, form={"app_id": self._app_id, **form}
        )
        body = _object(answer)
        if body.get("error"):
            refusal = _read(_Refusal, body)
            said = (refusal.error_name, refusal.error_description or refusal.error_reason, refusal.message)
            raise ZaloError(refusal.error, ": ".join(dict.fromkeys(filter(None, said))))
        tokens = _read(_Tokens, body)
        life = datetime.timedelta(seconds=tokens.expires_in)
        return Pair(tokens.access_token, tokens.refresh_token, life)

    async def _post(
        self,
        url: str,
        headers: dict[str, str],
        *,
        json: JsonObject | None = None,
        form: dict[str, str] | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> httpx.Response:
        files = {"file": file} if file else None
        return await post(self._http, url, self._within, headers=headers, json=json, data=form, files=files)


def _opened(answer: httpx.Response) -> JsonObject:
    """What is in an answer of the OpenAPI. Refusals mostly come with status 200."""
    envelope = _read(_Envelope, _object(answer))
    if envelope.error:
        raise ZaloError(envelope.error, envelope.message)
    if not answer.is_success:
        raise NoAnswer(f"status {answer.status_code}")
    return envelope.data or {}


def _object(answer: httpx.Response) -> JsonObject:
    try:
        body = answer.json()
    except ValueError as error:
        raise NoAnswer(f"status {answer.status_code}") from error
    if not isinstance(body, dict):
        raise NoAnswer("an answer that is no object")
    return body


def _read(model: type[M], body: JsonObject) -> M:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        # Its message would show the tokens.
        raise NoAnswer(f"an answer without {', '.join(_places(error))}") from None


def _places(error: ValidationError) -> list[str]:
    return [".".join(map(str, detail["loc"])) for detail in error.errors(include_input=False)]
