"""Sends a card's messages as Zalo's windows, quotas and errors allow, and says what became of them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.channels.contract import MaybeSent, OnlyInReply, Rejected, SendError, TryLater, Unreachable
from bot.channels.reachability import Reachability
from bot.channels.zalo.api import FreeLeft, Quota, ZaloApi
from bot.channels.zalo.errors import Treatment, meaning
from bot.channels.zalo.limits import FREE_WINDOW, UPLOAD_LIFE
from bot.channels.zalo.render import as_image, as_message
from bot.channels.zalo.tokens import NoToken, Tokens
from bot.channels.zalo_calls import NoAnswer, ZaloError
from bot.channels.zalo_text import TURN_MESSAGES, ZaloMessages
from bot.domain.card import Button
from bot.domain.clock import Clock, utc_now
from bot.log import describe
from bot.text.rich import Run, plain, split, units

log = structlog.get_logger(__name__)

FREE = "reply"
"""The quota that costs nothing."""

BUSY_SECONDS = 5.0
"""The pause after a failed connection, and while another process renews the tokens."""

OUT_OF_QUOTA, TOO_LONG, NIGHT = -211, -210, -234

MINUTE = 60.0
"""The pause after "too many requests in a minute"."""

WAITS = {NIGHT: 3600.0}
"""Other pauses before Zalo takes a message again, in seconds."""

SHORT_UNITS = 400
"""A text below this is not too long for anything, whatever Zalo says."""

OPERATOR_SECONDS = 3600.0
"""The pause before a delivery is tried again that failed for a reason which a person has to mend."""

REPEAT_SECONDS = (0.5, 2.0)
"""The pauses before a message is sent again that Zalo failed at, or perhaps did not hear."""

TURNS_KEPT = 1000
"""Messages of which it is remembered how far they were answered: those in hand, and far more."""

UPLOADS_KEPT = 500
"""Uploaded pictures whose ids are remembered."""

PictureOf = Callable[[str], Awaitable[bytes | None]]
"""From the path of a picture to its bytes; None if it is not there."""


async def no_picture(_path: str) -> bytes | None:
    """Of a channel that was lent no pictures."""
    return None


_Way = Callable[[int, str], Awaitable[dict[str, str] | None]]
"""How Zalo gets a picture: from a message's id and a path to what stands in the message."""

T = TypeVar("T")


class _Simpler(Exception):
    """Zalo may take the message in a simpler shape: without buttons, or in shorter parts."""


@dataclass(slots=True)
class ZaloTurn:
    """What one message of a person has been answered with, or a delivery.

    sent: messages so far. is_over: Zalo takes no more free ones.
    parts: how many messages of a card went out, so that one that is sent again goes on there; pictured: the
        cards whose picture did, or never will.
    """

    sent: int = 0
    is_over: bool = False
    parts: dict[int, int] = field(default_factory=dict)
    pictured: set[int] = field(default_factory=set)


class ZaloSender:
    """Sends what was rendered.

    trouble: why Zalo refuses every message, in words for the operator; None once one got through.
    reachability: whether it answers at all.
    """

    def __init__(
        self,
        api: ZaloApi,
        tokens: Tokens,
        clock: Clock = utc_now,
        repeat_seconds: Sequence[float] = REPEAT_SECONDS,
        *,
        template_id: str = "",
        picture: PictureOf = no_picture,
        public_url: str = "",
    ) -> None:
        """Make a sender.

        Args:
            api: of the platform.
            tokens: the account's.
            clock: the time.
            repeat_seconds: pauses before a call is made again.
            template_id: tells somebody that the staff has replied; empty: nothing does.
            picture: those of cards.
            public_url: where Zalo may fetch them, else they are uploaded.
        """
        self.trouble: str | None = None
        self.reachability = Reachability()
        self._api = api
        self._tokens = tokens
        self._clock = clock
        self._repeat_seconds = repeat_seconds
        self._template_id = template_id
        self._turns: OrderedDict[int, ZaloTurn] = OrderedDict()
        self._picture = picture
        self._public_url = public_url
        self._uploaded: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    async def send(
        self,
        user_id: str,
        message_id: int,
        position: int,
        rendered: ZaloMessages,
        offer: Callable[[Sequence[str]], Awaitable[None]],
    ) -> None:
        """Send a card's messages; the first arguments and the errors are those of `Channel.send`.

        `offer` writes down what the numbers in the text stand for, before the person can see them.
        """
        turn = self._turn(message_id)
        number = turn.parts.get(position, 0)
        texts, buttons = rendered.pressed.texts, rendered.buttons
        if turn.is_over or (turn.sent and turn.sent + len(texts) - number > TURN_MESSAGES):
            raise OnlyInReply("that is as much as may be sent in one go")
        if message_id < 0:
            await self._see_whether_it_is_free(user_id)
        if rendered.pressed.numbered:
            await offer(rendered.pressed.numbered)
        if rendered.picture and position not in turn.pictured:
            if turn.sent + 1 + len(texts) - number <= TURN_MESSAGES:
                await self._send_picture(turn, message_id, user_id, *rendered.picture)
            turn.pictured.add(position)
        while number < len(texts):
            pressed = buttons if number + 1 == len(texts) else ()
            try:
                await self._send_text(turn, message_id, user_id, texts[number], pressed)
            except _Simpler:
                if pressed:
                    await offer(rendered.plain.numbered)
                    texts, buttons = rendered.plain.texts, ()
                else:
                    texts = (*texts[:number], *_halves(texts[number]), *texts[number + 1 :])
                continue
            number += 1
            turn.parts[position] = number

    async def tell_of_reply(self, user_id: str) -> None:
        """Tell somebody by the approved template, if there is one, that the staff has replied.

        It is charged. The reply waits for their next message, whatever becomes of this. Never raises.
        """
        if not self._template_id:
            return
        try:
            await self._done(
                -1,
                lambda token: self._api.send_template(token, user_id, self._template_id),
                is_repeated=False,
            )
        except Exception as error:
            log.warning("zalo_template_not_sent", **describe(error))
        else:
            log.info("zalo_template_sent")

    async def free_left(self) -> FreeLeft | None:
        """How many free messages the OA has left; None if Zalo does not say. Never raises."""
        try:
            return await self._api.free_left((await self._tokens.current()).access_token)
        except (ZaloError, NoAnswer, NoToken):
            return None

    def _turn(self, message_id: int) -> ZaloTurn:
        turn = self._turns.setdefault(message_id, ZaloTurn())
        self._turns.move_to_end(message_id)
        while len(self._turns) > TURNS_KEPT:
            self._turns.popitem(last=False)
        return turn

    async def _see_whether_it_is_free(self, user_id: str) -> None:
        """Let somebody be written to who did not write just now only where it costs nothing."""
        allowance = await self._done(-1, lambda access_token: self._api.allowance(access_token, user_id))
        last = allowance.last_wrote
        if last is not None and self._clock() - last > FREE_WINDOW:
            hours = (self._clock() - last) // timedelta(hours=1)
            raise OnlyInReply(f"the person wrote {hours} hours ago; after 48 Zalo charges or refuses")
        if allowance.free_messages == 0:
            raise OnlyInReply("the free messages to this person are used up")

    async def _send_text(
        self, turn: ZaloTurn, message_id: int, user_id: str, text: str, buttons: Sequence[Button]
    ) -> None:
        message = as_message(text, buttons)
        await self._send_message(turn, message_id, user_id, message, has_buttons=bool(buttons))

    async def _send_message(
        self,
        turn: ZaloTurn,
        message_id: int,
        user_id: str,
        message: dict[str, object],
        *,
        has_buttons: bool = False,
    ) -> None:
        def call(access_token: str) -> Awaitable[Quota | None]:
            return self._api.send(access_token, user_id, message)

        quota = await self._done(message_id, call, has_buttons=has_buttons)
        turn.sent += 1
        if quota and (quota.quota_type not in {"", FREE} or quota.remain == 0):
            # The next one would be charged, or this one was.
            turn.is_over = True
            log.info("zalo_quota", quota=quota.quota_type, remain=quota.remain)

    async def _send_picture(
        self, turn: ZaloTurn, message_id: int, user_id: str, path: str, caption: str
    ) -> None:
        """Send a picture by its address, or else upload it; where Zalo takes neither, its caption, which has
        the link to the page."""
        ways: list[_Way] = [self._by_address] if self._public_url.startswith("https://") else []
        ways.append(self._by_upload)
        if path in self._uploaded:  # and Zalo may have forgotten it
            ways.append(self._by_upload)
        for way in ways:
            try:
                if element := await way(message_id, path):
                    await self._send_message(turn, message_id, user_id, as_image(caption, element))
                    return
            except (_Simpler, Rejected) as error:
                if way == self._by_upload:
                    self._uploaded.pop(path, None)
                log.warning("zalo_picture_refused", reason=str(error))
        with suppress(_Simpler, Rejected):
            await self._send_message(turn, message_id, user_id, as_message(caption))

    async def _by_address(self, _message_id: int, path: str) -> dict[str, str] | None:
        return {"url": self._public_url + path}

    async def _by_upload(self, message_id: int, path: str) -> dict[str, str] | None:
        """The id of the picture at a path, which is uploaded if it was not in the last days; None: it is not
        there."""
        now = self._clock()
        known = self._uploaded.get(path)
        if known and now - known[1] < UPLOAD_LIFE:
            return {"attachment_id": known[0]}
        data = await self._picture(path)
        if data is None:
            return None
        name = path.rpartition("/")[2]
        attachment_id = await self._done(
            message_id, lambda access_token: self._api.upload(access_token, data, name)
        )
        self._uploaded[path] = (attachment_id, now)
        while len(self._uploaded) > UPLOADS_KEPT:
            self._uploaded.popitem(last=False)
        return {"attachment_id": attachment_id}

    async def _done(
        self,
        message_id: int,
        call: Callable[[str], Awaitable[T]],
        *,
        has_buttons: bool = False,
        is_repeated: bool = True,
    ) -> T:
        """Make a call with the access token, again where that helps; but not what is charged (`is_repeated`).

        Raises:
            SendError: what the worker should do.
            _Simpler: another shape of the message may be taken.
        """
        pauses = iter(self._repeat_seconds)
        is_heard, is_renewed = True, False
        try:
            grant = await self._tokens.current()
            while True:
                try:
                    result = await call(grant.access_token)
                except NoAnswer as error:
                    self.reachability.note(is_answered=False)
                    if error.is_unsent:
                        raise TryLater(str(error), BUSY_SECONDS) from error
                    if not (is_heard and is_repeated):
                        raise MaybeSent(str(error)) from error
                    is_heard = False  # once more: said twice, rarely, is better than not at all
                    await asyncio.sleep(next(pauses, 0))
                except ZaloError as error:
                    self.reachability.note(is_answered=True)
                    treatment = meaning(error.code).treatment
                    log.info("zalo_refused", code=error.code, words=error.words, treatment=treatment.name)
                    if treatment is Treatment.RENEW and not is_renewed:
                        grant, is_renewed = await self._tokens.newer_than(grant), True
                    elif (
                        treatment is Treatment.REPEAT
                        and is_repeated
                        and not has_buttons
                        and (pause := next(pauses, None))
                    ):
                        await asyncio.sleep(pause)
                    else:
                        raise self._meaning(error, message_id, has_buttons=has_buttons) from error
                else:
                    self.trouble = None
                    self.reachability.note(is_answered=True)
                    return result
        except NoToken as error:
            raise self._no_token(error, message_id) from error

    def _meaning(self, error: ZaloError, message_id: int, *, has_buttons: bool) -> Exception:
        """What a refusal means to the worker, or that a simpler shape may be taken."""
        known = meaning(error.code)
        reason = f"{error.code} {known.words}"
        if error.code == OUT_OF_QUOTA:
            self.trouble = reason
        match known.treatment:
            case Treatment.NEXT_MESSAGE:
                return OnlyInReply(reason)
            case Treatment.GONE:
                return Unreachable(reason)
            case Treatment.WAIT:
                return TryLater(reason, WAITS.get(error.code, MINUTE))
            case Treatment.OPERATOR | Treatment.RENEW:
                self.trouble = f"Zalo refuses messages: {reason}"
                log.error("zalo_needs_the_operator", code=error.code, reason=reason)
                return _until_mended(reason, message_id)
            case _ if has_buttons or error.code == TOO_LONG:
                return _Simpler(reason)
            case _:
                return Rejected(reason)

    def _no_token(self, error: NoToken, message_id: int) -> SendError:
        if error.is_lasting:
            return _until_mended(str(error), message_id)
        return TryLater(str(error), BUSY_SECONDS)


def _until_mended(reason: str, message_id: int) -> SendError:
    """A reply waits for the person's next message; what nobody waits at the chat for is tried again."""
    return OnlyInReply(reason) if message_id >= 0 else TryLater(reason, OPERATOR_SECONDS)


def _halves(text: str) -> list[str]:
    """A text in shorter parts. Raises Rejected if its length cannot be what is wrong."""
    if units(text) < SHORT_UNITS:
        raise Rejected("too long, says Zalo of a short text")
    return [plain(part) for part in split([Run(text)], units(text) // 2 + 1)]
