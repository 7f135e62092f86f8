"""Zalo's side of the webhook: events signed, sent, and sent again until they are answered 200 in time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import httpx

from stand_ins.server import Json

ANSWER_SECONDS = 2.0

RETRY_AFTER = (30, 300, 900, 1800, 3600)
"""Seconds from one delivery to the next, of an event that was not answered 200."""

HURRY = 1000.0
"""How much faster than in life it all goes in tests: the last try is 6.6 seconds after the first."""

CONNECTIONS = 100
"""Deliveries under way at a time; the clock of each runs from when it has its connection."""


class WebhookRefused(Exception):
    """The console does not take the address: it did not answer 200 in time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that was sent once. status: 0 if there was no answer in time; seconds: how long it took."""

    event: Json
    attempt: int
    status: int
    seconds: float


class Webhook:
    """The app's webhook. It is switched off after an event that was never answered 200.

    url: None until one is saved in the console. deliveries: all there were; lost: events that came to
    nothing, also while it was off.
    first_term: of the signature, before the body: the app's id, or (some sources say) the OA's.
    prefix: of the signature's header. hurry: how much faster than in life the retries come.
    """

    def __init__(
        self, app_id: str, secret: str, http: httpx.AsyncClient, changed: Callable[[], None]
    ) -> None:
        self.url: str | None = None
        self.is_on = False
        self.deliveries: list[Delivery] = []
        self.lost: list[Json] = []
        self.first_term = app_id
        self.prefix = "mac="
        self.hurry = HURRY
        self._secret = secret
        self._http = http
        self._changed = changed
        self._held: list[tuple[str, Json]] | None = None
        self._first: defaultdict[str, deque[Json]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()
        self._senders: set[str] = set()
        self._connections = asyncio.Semaphore(CONNECTIONS)

    async def save(self, url: str) -> None:
        """Save the address in the console, which calls it, unsigned.

        Raises:
            WebhookRefused: it does not answer 200 within two seconds.
        """
        try:
            answer = await self._http.post(url, content=b"{}", timeout=ANSWER_SECONDS, headers=_JSON)
        except httpx.TransportError as error:
            raise WebhookRefused(f"{url} does not answer: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise WebhookRefused(f"{url} answers {answer.status_code}")
        self.url, self.is_on = url, True

    # Sending.

    def send(self, person: str, event: Json) -> None:
        """Send an event. First deliveries to one person go one after the other, retries when they are due."""
        if not self.is_on:
            self.lost.append(event)
        elif self._held is not None:
            self._held.append((person, event))
        else:
            self._first[person].append(event)
            if person not in self._senders:
                self._senders.add(person)
                self._start(self._send_all(person))

    def hold(self) -> None:
        """Send nothing from now on, as on a slow day."""
        self._held = []

    def release(self, arrange: Callable[[list[tuple[str, Json]]], list[tuple[str, Json]]] = list) -> None:
        """Send what was held, arranged: `lambda held: held[::-1]` for the last one first."""
        held, self._held = arrange(self._held or []), None
        for person, event in held:
            self.send(person, event)

    def send_again(self, person: str, event: Json, *, timestamp: str | None = None) -> None:
        """Deliver an event once more, though it was answered; perhaps with another timestamp."""
        self.send(person, {**event, "timestamp": timestamp or event["timestamp"]})

    async def post(
        self, event: Json | bytes, *, signature: str | None = None, attempt: int = 0
    ) -> httpx.Response:
        """One delivery. signature: the header's value; None: the right one; "": no header."""
        raw = event if isinstance(event, bytes) else encode(event)
        if signature is None:
            timestamp = event["timestamp"] if isinstance(event, dict) else json.loads(raw)["timestamp"]
            signature = self.prefix + self.mac(raw, timestamp)
        headers = {**_JSON, "num_retry": str(attempt)} | ({_HEADER: signature} if signature else {})
        assert self.url, "no webhook is saved"
        return await self._http.post(self.url, content=raw, headers=headers, timeout=ANSWER_SECONDS)

    def mac(self, raw: bytes, timestamp: str) -> str:
        """The signature of a body: a plain SHA-256, no HMAC."""
        return hashlib.sha256(
            self.first_term.encode() + raw + timestamp.encode() + self._secret.encode()
        ).hexdigest()

    @property
    def is_idle(self) -> bool:
        """Whether everything was delivered or given up."""
        return not self._tasks and not self._held

    def answered(self) -> list[Delivery]:
        """The deliveries that were answered 200."""
        return [delivery for delivery in self.deliveries if delivery.status == 200]

    async def stop(self) -> None:
        """Send nothing more."""
        self.is_on = False
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _send_all(self, person: str) -> None:
        waiting = self._first[person]
        try:
            while waiting:
                event = waiting.popleft()
                if not await self._deliver(event, 0):
                    self._start(self._send_later(event))
        finally:
            self._senders.discard(person)

    async def _send_later(self, event: Json) -> None:
        for attempt, seconds in enumerate(RETRY_AFTER, 1):
            await asyncio.sleep(seconds / self.hurry)
            if await self._deliver(event, attempt):
                return
        self.lost.append(event)
        self.is_on = False

    async def _deliver(self, event: Json, attempt: int) -> bool:
        async with self._connections:
            started = time.monotonic()
            try:
                status = (await self.post(event, attempt=attempt)).status_code
            except httpx.TransportError:
                status = 0
        self.deliveries.append(Delivery(event, attempt, status, time.monotonic() - started))
        self._changed()
        return status == 200

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed()
        if not task.cancelled():
            task.result()


_HEADER = "X-ZEvent-Signature"
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def encode(event: Json) -> bytes:
    """An event's body. Oddly spaced, so that who writes it anew before checking it finds no signature."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ": ")).encode()
