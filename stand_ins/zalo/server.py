"""A stand-in for Zalo: a real HTTP server, as strict as the real one or stricter.

Facts as in Zalo's own pages and SDKs; where sources disagree, an attribute chooses.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
import secrets
import time
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from PIL import Image as Picture
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from stand_ins.failures import Failure
from stand_ins.server import Json, PlatformServer
from stand_ins.zalo.errors import (
    EXPIRED,
    INVALID,
    NEVER_SPOKE,
    NO_QUOTA,
    NOT_FOLLOWED,
    RATE,
    RESTRICTED,
    SILENT_FOR_A_WEEK,
    TOKEN_INVALID,
    TOO_LONG,
    V2_IS_SHUT,
    WRONG_PROOF,
    WRONG_REDIRECT,
    WRONG_SECRET,
    Refused,
    error,
)
from stand_ins.zalo.messages import Consultation, Image, QuotaQuestion, Reaction, Template, read
from stand_ins.zalo.people import Person, Said
from stand_ins.zalo.tokens import Grant
from stand_ins.zalo.webhook import Webhook

APP_ID = "360846524940903967"
APP_SECRET = "stand-in-app-secret-never-in-a-log"
OA_ID = "388613280878808645"
OA_SECRET = "stand-in-oa-secret-never-in-a-log"

HOUR = 3600.0
FREE_SECONDS, REACHABLE_SECONDS = 48 * HOUR, 7 * 24 * HOUR
QUOTE_SECONDS = 48 * HOUR
CALLS_A_MINUTE = 4000
IMAGE_MOST, UPLOAD_SECONDS = 1_000_000, 7 * 24 * HOUR


def settings(url: str, token_key: str) -> dict[str, str]:
    """What the bot needs to take the stand-in at an address for Zalo. token_key: encrypts its tokens."""
    return {
        "ZALO_APP_ID": APP_ID,
        "ZALO_APP_SECRET": APP_SECRET,
        "ZALO_OA_ID": OA_ID,
        "ZALO_OA_SECRET": OA_SECRET,
        "ZALO_TOKEN_KEY": token_key,
        "ZALO_API_URL": url,
        "ZALO_OAUTH_URL": url,
    }


class StandIn(PlatformServer):
    """Zalo, for one app and one Official Account that has given it permission, or not yet.

    people: its users; webhook: what it sends; grant: the permission.
    approved: the templates that may be sent; charged: to whom which of them was.
    refuses_buttons: the error for a message with buttons; None: they are taken.
    replies_most: free replies to a person until they interact again; None: as many as one likes, though
    the answers go on showing eight.
    package: messages of the OA's package, which are used beyond the free ones.
    redirect_uri: the only one that the console has; None: whichever comes.
    calls_a_minute: beyond which it answers -32.
    """

    def __init__(self, *, replies_most: int | None = 8, package: int = 0) -> None:
        super().__init__()
        self.app_id, self.app_secret, self.oa_id = APP_ID, APP_SECRET, OA_ID
        self.people: list[Person] = []
        self.refuses_buttons: int | None = None
        self.approved: set[str] = set()
        self.charged: list[tuple[str, str]] = []
        self.replies_most = replies_most
        self.package = package
        self.redirect_uri: str | None = None
        self.calls_a_minute = CALLS_A_MINUTE
        self.reactions: list[tuple[str, str]] = []
        self.grant = Grant(self.now)
        self.webhook = Webhook(APP_ID, OA_SECRET, self._http, self._notify)
        self._by_id: dict[str, Person] = {}
        self._ahead = 0.0
        self._ids = count(246_845_883_529_197_922)
        self._minute: tuple[int, int] = (0, 0)
        self._uploads: dict[str, tuple[float, bytes]] = {}

    # What people and tests do.

    def now(self) -> float:
        """Zalo's clock, in seconds since the epoch."""
        return time.time() + self._ahead

    def advance(self, *, hours: float) -> None:
        """Let time pass."""
        self._ahead += hours * HOUR

    def person(self, name: str = "Lan") -> Person:
        """A new user, who has not met the OA yet."""
        person = Person(self, str(next(self._ids)), str(next(self._ids)), name)
        self.people.append(person)
        self._by_id[person.id] = person
        return person

    async def reply(self, person: Person, after: int, seconds: float = 20) -> Said:
        """The OA's message number `after` (from 0) to a person, once it is there."""
        await self.until(lambda: len(person.from_oa()) > after, seconds)
        return person.from_oa()[after]

    def refuse(self, code: int, times: int = 1, method: str = "cs") -> None:
        """Let the next calls be answered with one of Zalo's errors."""
        self.failures.plan(method, Failure(200, error(code)), times)

    def event(self, name: str, **content: Any) -> Json:
        """An event of now. All ids and the time are strings."""
        return {
            "app_id": self.app_id, "event_name": name, "timestamp": str(int(self.now() * 1000)), **content,
        }  # fmt: skip

    def new_message_id(self) -> str:
        """The id of a message."""
        return secrets.token_hex(10)

    # The server.

    def routes(self) -> list[BaseRoute]:
        """What the bot calls at both of Zalo's hosts; an administrator's browser opens the consent page."""
        post = ["POST"]
        return [
            Route("/v3.0/oa/message/cs", self._message, methods=post),
            Route("/v3.0/oa/quota/message", self._quota, methods=post),
            Route("/v3.0/oa/message/template", self._template, methods=post),
            Route("/v2.0/oa/quota/message", self._free_quota, methods=post),
            Route("/v2.0/oa/message", self._reaction, methods=post),
            Route("/v2.0/oa/upload/image", self._upload, methods=post),
            Route("/v2.0/oa/getoa", self._official_account),
            Route("/v4/oa/access_token", self._access_token, methods=post),
            Route("/v4/oa/permission", self._permission),
            Route("/picture/{name}", self._give_picture),
        ]

    async def close(self) -> None:
        """Send nothing more, and let go of connections that hang."""
        await self.webhook.stop()
        await super().close()

    async def _message(self, request: Request) -> Response:
        return await self._open_api(request, "cs", lambda given: self._send(read(Consultation, given)))

    async def _quota(self, request: Request) -> Response:
        return await self._open_api(request, "quota", lambda given: self._left(read(QuotaQuestion, given)))

    async def _template(self, request: Request) -> Response:
        def send(given: Json) -> Json:
            asked = read(Template, given)
            person = self._known(asked.user_id)
            if asked.template_id not in self.approved:
                raise Refused(INVALID, "template_id")
            self.charged.append((person.id, asked.template_id))
            return {"message_id": self.new_message_id(), "sent_time": str(int(self.now() * 1000))}

        return await self._open_api(request, "template", send)

    async def _free_quota(self, request: Request) -> Response:
        def left(given: Json) -> Json:
            if given:
                raise Refused(INVALID, next(iter(given)))
            return {"type": "sub_quota", "remain": str(self.package), "total": "500"}

        return await self._open_api(request, "free_quota", left)

    async def _reaction(self, request: Request) -> Response:
        def react(given: Json) -> Json:
            if "sender_action" not in given:
                raise Refused(V2_IS_SHUT)
            asked = read(Reaction, given)
            self._known(asked.recipient.user_id)
            self.reactions.append((asked.sender_action.react_message_id, asked.sender_action.react_icon))
            return {"message_id": asked.sender_action.react_message_id}

        return await self._open_api(request, "reaction", react)

    async def _upload(self, request: Request) -> Response:
        """An image as the form's field `file`, with a name that says what it is."""
        async with request.form(max_files=1) as form:
            file = form.get("file")
            name = (file.filename or "") if isinstance(file, UploadFile) else ""
            data = await file.read() if isinstance(file, UploadFile) else b""

        async def answer() -> tuple[int, Json]:
            try:
                self._check_rate()
                self._check_token(request)
                if len(data) > IMAGE_MOST:
                    raise Refused(TOO_LONG, "file")
                if not _is_image(data, name):
                    raise Refused(INVALID, "file")
                attachment_id = secrets.token_urlsafe(30)
                self._uploads[attachment_id] = (self.now(), data)
                return 200, {"data": {"attachment_id": attachment_id}, "error": 0, "message": "Success"}
            except Refused as no:
                return 200, {"error": no.code, "message": no.message}

        return await self._answer_call(request, "upload", {"name": name, "bytes": len(data)}, answer)

    def _picture(self, image: Image) -> str:
        """The address or id of a picture that Zalo has."""
        if image.url is not None:
            data = self.web.get(image.url, b"")
            if not 0 < len(data) <= IMAGE_MOST or not _is_image(data, image.url):
                raise Refused(INVALID, "url")
            return image.url
        at, _ = self._uploads.get(image.attachment_id or "", (0.0, b""))
        if self.now() - at > UPLOAD_SECONDS:
            raise Refused(EXPIRED, "attachment_id")
        return image.attachment_id or ""

    async def _official_account(self, request: Request) -> Response:
        account = {
            "oaid": self.oa_id, "name": "Hỏi Cần Thơ", "is_verified": True,
            "num_follower": sum(person.is_follower for person in self.people), "package_name": "Nâng cao",
        }  # fmt: skip
        return await self._open_api(request, "getoa", lambda _given: account)

    async def _open_api(self, request: Request, method: str, perform: Callable[[Json], Json]) -> Response:
        """A call of the OpenAPI: whatever is wrong with it, the HTTP status is 200."""
        raw = await request.body()
        given = _object(raw) if request.method == "POST" else {}

        async def answer() -> tuple[int, Json]:
            try:
                self._check_rate()
                self._check_token(request)
                if given is None or not _is_json(request):
                    raise Refused(INVALID, "body")
                return 200, {"data": perform(given), "error": 0, "message": "Success"}
            except Refused as no:
                return 200, {"error": no.code, "message": no.message}

        response = await self._answer_call(request, method, given or {}, answer)
        response.headers["X-RateLimit-Limit"] = str(self.calls_a_minute)
        response.headers["X-RateLimit-Remain"] = str(max(0, self.calls_a_minute - self._minute[1]))
        return response

    def _check_rate(self) -> None:
        minute = int(time.monotonic() // 60)
        self._minute = (minute, self._minute[1] + 1 if self._minute[0] == minute else 1)
        if self._minute[1] > self.calls_a_minute:
            raise Refused(RATE)

    def _check_token(self, request: Request) -> None:
        token = request.headers.get("access_token")
        if token is None:
            raise Refused(TOKEN_INVALID)
        self.grant.check(token)
        proof = request.headers.get("appsecret_proof")
        right = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if proof is not None and proof != right:
            raise Refused(WRONG_PROOF)

    def _send(self, asked: Consultation) -> Json:
        person, message = self._reachable(asked.recipient.user_id), asked.message
        self._check_quote(person, message.quote_message_id)
        if message.buttons and self.refuses_buttons is not None:
            raise Refused(self.refuses_buttons, "attachment")
        picture = self._picture(message.image) if message.image else None
        quota = self._use(person)
        buttons = tuple(button.model_dump() for button in message.buttons)
        now = self.now()
        said = Said(self.new_message_id(), message.text or "", True, now, buttons, picture)
        person.messages.append(said)
        self._echo(person, said)
        return {
            "message_id": said.id, "user_id": person.id, "sent_time": str(int(now * 1000)), "quota": quota,
        }  # fmt: skip

    def _echo(self, person: Person, said: Said) -> None:
        """Zalo tells the webhook also what the OA itself says."""
        echo = self.event(
            "oa_send_image" if said.image else "oa_send_text",
            sender={"id": self.oa_id},
            recipient={"id": person.id},
            user_id_by_app=person.id_by_app,
            message={"text": said.text, "msg_id": said.id},
        )
        self.webhook.send(f"oa to {person.id}", echo)

    def _known(self, user_id: str) -> Person:
        person = self._by_id.get(user_id)
        if person is None:
            raise Refused(INVALID, "user_id")
        return person

    def _reachable(self, user_id: str) -> Person:
        """Whoever may be written to now."""
        person = self._known(user_id)
        if person.is_restricting:
            raise Refused(RESTRICTED)
        if person.has_left:
            raise Refused(NOT_FOLLOWED)
        if person.spoke_at is None:
            raise Refused(NEVER_SPOKE)
        if self.now() - person.spoke_at > REACHABLE_SECONDS:
            raise Refused(SILENT_FOR_A_WEEK)
        return person

    def _free(self, person: Person) -> int:
        """How many replies to a person are free now."""
        if person.spoke_at is None or self.now() - person.spoke_at > FREE_SECONDS:
            return 0
        return 8 if self.replies_most is None else max(0, self.replies_most - person.replies)

    def _use(self, person: Person) -> Json:
        """Count a message; the quota that it was taken from."""
        free = self._free(person)
        if free:
            person.replies += 1
            remain = 8 if self.replies_most is None else free - 1
            return {"quota_type": "reply", "remain": str(remain), "total": str(self.replies_most or 8)}
        if self.package <= 0:
            raise Refused(NO_QUOTA)
        self.package -= 1
        owner = {"owner_type": "OA", "owner_id": self.oa_id}
        return {"quota_type": "sub_quota", "remain": str(self.package), "total": "500", **owner}

    def _left(self, asked: QuotaQuestion) -> Json:
        person = self._known(asked.user_id)
        return {
            "last_interaction": str(int((person.spoke_at or 0) * 1000)),
            "cs_reply": {"remain": self._free(person), "total": self.replies_most or 8},
            "promotion": {"daily_remain": 0, "daily_total": 1, "monthly_remain": 0, "monthly_total": 6},
        }

    def _check_quote(self, person: Person, message_id: str | None) -> None:
        if message_id is None:
            return
        quoted = next((said for said in person.messages if said.id == message_id), None)
        if quoted is None or self.now() - quoted.at > QUOTE_SECONDS:
            raise Refused(INVALID, "quote_message_id")

    # The authorisation.

    async def _access_token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")

        async def answer() -> tuple[int, Json]:
            try:
                if request.headers.get("secret_key") != self.app_secret or form.get("app_id") != self.app_id:
                    raise Refused(WRONG_SECRET)
                return 200, self._granted(form if is_form else {})
            except Refused as no:
                return 200, _authorisation_error(no.code)

        shown = {"grant_type": form.get("grant_type")}  # no secrets in what a failing test prints
        return await self._answer_call(request, "access_token", shown, answer)

    def _granted(self, form: dict[str, str]) -> Json:
        match form.get("grant_type"):
            case "authorization_code" if form.keys() <= {"grant_type", "app_id", "code", "code_verifier"}:
                return self.grant.exchange(form.get("code", ""), form.get("code_verifier"))
            case "refresh_token" if form.keys() == {"grant_type", "app_id", "refresh_token"}:
                return self.grant.refresh(form["refresh_token"])
        raise Refused(INVALID, "grant_type")

    async def _permission(self, request: Request) -> Response:
        """The consent page; whoever opens it agrees, and is taken back with a code."""
        asked = request.query_params
        redirect = asked.get("redirect_uri", "")
        if asked.get("app_id") != self.app_id or not re.match(r"https?://", redirect):
            return JSONResponse(_authorisation_error(WRONG_REDIRECT))
        if self.redirect_uri not in {None, redirect}:
            return JSONResponse(_authorisation_error(WRONG_REDIRECT))
        back = {"code": self.grant.consent(asked.get("code_challenge")), "oa_id": self.oa_id}
        if "state" in asked:
            back["state"] = asked["state"]
        return RedirectResponse(f"{redirect}?{urlencode(back)}", 302)


def _authorisation_error(code: int) -> Json:
    return {
        "error": code,
        "error_name": _NAMES.get(code, "Invalid parameter"),
        "error_reason": "as the stand-in has it",
        "error_description": _NAMES.get(code, "Invalid parameter"),
        "ref_doc": "https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new",
    }


_NAMES = {
    -14014: "Invalid refresh token",
    -14019: "Invalid code",
    -14004: "Invalid secret key",
    -14003: "Invalid redirect uri",
}


def _is_image(data: bytes, name: str) -> bool:
    kinds = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG"}
    try:
        with Picture.open(io.BytesIO(data)) as picture:
            return picture.format == kinds.get(name.rpartition(".")[2].lower())
    except Exception:
        return False


def _is_json(request: Request) -> bool:
    return request.method == "GET" or request.headers.get("content-type", "").startswith("application/json")


def _object(raw: bytes) -> Json | None:
    try:
        given = json.loads(raw)
    except ValueError:
        return None
    return given if isinstance(given, dict) else None
