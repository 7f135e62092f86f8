"""The OA's permission for the app: codes, access tokens, and refresh tokens that work once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from stand_ins.server import Json
from stand_ins.zalo.errors import NO_SUCH_CODE, REFRESH_TOKEN_DEAD, TOKEN_EXPIRED, TOKEN_INVALID, Refused

ACCESS_SECONDS = 90_000
REFRESH_SECONDS = 90 * 86_400
CODE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Code:
    """An authorisation code that was handed out; challenge: None if none was sent."""

    challenge: str | None
    until: float


class Grant:
    """The permission, which dies of a refresh token that is used twice.

    refreshes: how often a refresh token was exchanged; is_dead: an administrator has to consent again.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.refreshes = 0
        self.is_dead = True
        self._now = now
        self._codes: dict[str, Code] = {}
        self._access: tuple[str, float] = ("", 0)
        self._refresh: tuple[str, float] = ("", 0)
        self._used: set[str] = set()

    def consent(self, challenge: str | None = None) -> str:
        """An administrator agrees; the code."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = Code(challenge, self._now() + CODE_SECONDS)
        return code

    def explorer(self) -> Json:
        """A pair as the console's API Explorer hands one out, without a code."""
        return self._pair()

    def exchange(self, code: str, verifier: str | None) -> Json:
        """A pair for a code.

        Raises:
            Refused: it is unknown, used, too old, or the verifier is not its challenge's.
        """
        given = self._codes.pop(code, None)
        if given is None or given.until < self._now():
            raise Refused(NO_SUCH_CODE)
        if given.challenge is not None and (verifier is None or challenge_of(verifier) != given.challenge):
            raise Refused(NO_SUCH_CODE)
        return self._pair()

    def refresh(self, token: str) -> Json:
        """A new pair for a refresh token, which is dead from then on; so is the old access token.

        Raises:
            Refused: it is not the last one. One that was used before takes the whole permission along.
        """
        if token in self._used:
            self.is_dead = True
        if self.is_dead or token != self._refresh[0] or self._refresh[1] < self._now():
            raise Refused(REFRESH_TOKEN_DEAD)
        self.refreshes += 1
        return self._pair()

    def check(self, access_token: str) -> None:
        """Let a call through, or raise Refused."""
        token, until = self._access
        if self.is_dead or not token or access_token != token:
            raise Refused(TOKEN_INVALID)
        if until < self._now():
            raise Refused(TOKEN_EXPIRED)

    def revoke(self) -> None:
        """The administrator takes the permission back."""
        self.is_dead = True

    def expire(self) -> None:
        """Let the access token be too old, whatever the time."""
        self._access = (self._access[0], 0)

    def _pair(self) -> Json:
        if self._refresh[0]:
            self._used.add(self._refresh[0])
        now = self._now()
        self._access = (secrets.token_urlsafe(48), now + ACCESS_SECONDS)
        self._refresh = (secrets.token_urlsafe(48), now + REFRESH_SECONDS)
        self.is_dead = False
        return {
            "access_token": self._access[0],
            "refresh_token": self._refresh[0],
            "expires_in": str(ACCESS_SECONDS),
            "refresh_token_expires_in": str(REFRESH_SECONDS),
        }


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier: base64url of its raw SHA-256, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
