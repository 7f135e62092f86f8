"""What each of Zalo's error codes means, and what is done about it: one table.

The codes are those of the official table
(https://developers.zalo.me/docs/official-account/phu-luc/ma-loi) as integrators transcribed it. The
number decides; some have two meanings, so Zalo's own words are logged with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Treatment(Enum):
    """What is done when a message is refused."""

    RENEW = auto()
    """The access token is renewed once, and the message sent once more."""

    REPEAT = auto()
    """It is sent again, twice at most."""

    WAIT = auto()
    """It is sent again when Zalo takes messages again."""

    SIMPLER = auto()
    """It is sent in a simpler shape: without buttons, or in shorter parts."""

    NEXT_MESSAGE = auto()
    """It waits until the person writes: Zalo takes it then."""

    GONE = auto()
    """Nobody can be written to at this address."""

    REFUSED = auto()
    """Zalo will not take this message, now or later."""

    OPERATOR = auto()
    """A person has to act in Zalo's console; until then no message gets through."""


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What a code means. words: for the log and /ready."""

    treatment: Treatment
    words: str


MEANINGS: dict[int, CodeMeaning] = {
    -32: CodeMeaning(Treatment.WAIT, "too many requests in a minute"),
    -100: CodeMeaning(Treatment.REPEAT, "attachment expired, or an unknown error"),
    -200: CodeMeaning(Treatment.REPEAT, "sending failed"),
    -201: CodeMeaning(Treatment.SIMPLER, "a parameter is invalid"),
    -202: CodeMeaning(Treatment.OPERATOR, "invalid mac"),
    -204: CodeMeaning(Treatment.OPERATOR, "the OA is deleted or disabled"),
    -205: CodeMeaning(Treatment.OPERATOR, "the OA does not exist"),
    -207: CodeMeaning(Treatment.OPERATOR, "the app is not registered as a third party"),
    -208: CodeMeaning(Treatment.OPERATOR, "the OA has no secret key"),
    -209: CodeMeaning(Treatment.OPERATOR, "the app is not activated: activate it in the console"),
    -210: CodeMeaning(Treatment.SIMPLER, "a parameter exceeds its limit"),
    -211: CodeMeaning(Treatment.NEXT_MESSAGE, "out of quota: look at the OA's package"),
    -212: CodeMeaning(
        Treatment.OPERATOR, "the app has no Official Account API: register the product in the console"
    ),
    -213: CodeMeaning(Treatment.NEXT_MESSAGE, "the person does not follow the OA"),
    -214: CodeMeaning(Treatment.WAIT, "still being processed"),
    -216: CodeMeaning(Treatment.RENEW, "the access token is invalid"),
    -217: CodeMeaning(Treatment.GONE, "the person blocked invitations of the OA"),
    -218: CodeMeaning(Treatment.NEXT_MESSAGE, "the person reached the limit of messages they receive"),
    -219: CodeMeaning(Treatment.OPERATOR, "the app is removed or disabled"),
    -220: CodeMeaning(Treatment.RENEW, "the access token is expired or removed"),
    -221: CodeMeaning(Treatment.OPERATOR, "the OA is not verified"),
    -222: CodeMeaning(Treatment.GONE, "the person is banned or was inactive for more than 45 days"),
    -223: CodeMeaning(
        Treatment.OPERATOR, "the OA has not authorised this API: its administrator has to grant it"
    ),
    -224: CodeMeaning(Treatment.OPERATOR, "the OA's package has no API messages: upgrade it"),
    -227: CodeMeaning(Treatment.GONE, "the person is banned or was inactive for more than 45 days"),
    -230: CodeMeaning(Treatment.NEXT_MESSAGE, "the person wrote nothing for 7 days"),
    -232: CodeMeaning(Treatment.NEXT_MESSAGE, "the person wrote nothing, or too long ago"),
    -233: CodeMeaning(Treatment.SIMPLER, "this type of message is not supported"),
    -234: CodeMeaning(Treatment.WAIT, "not between 22:00 and 06:00"),
    -235: CodeMeaning(Treatment.OPERATOR, "this kind of OA may not use the API"),
    -240: CodeMeaning(Treatment.OPERATOR, "this version of the API is shut down: the bot has to be updated"),
    -242: CodeMeaning(Treatment.OPERATOR, "wrong appsecret_proof: look at ZALO_APP_SECRET"),
    -244: CodeMeaning(Treatment.GONE, "the person restricted such messages of the OA"),
    -248: CodeMeaning(Treatment.REFUSED, "the content violates Zalo's standards"),
    -249: CodeMeaning(Treatment.OPERATOR, "this template cannot be sent by user id"),
    -305: CodeMeaning(Treatment.NEXT_MESSAGE, "the person wrote more than 48 hours ago"),
    -311: CodeMeaning(Treatment.NEXT_MESSAGE, "the free replies are used up"),
    -320: CodeMeaning(Treatment.OPERATOR, "no Zalo Cloud account is linked"),
    -321: CodeMeaning(Treatment.OPERATOR, "the Zalo Cloud account has no money"),
    # Further spellings of "the token is invalid", seen by an integrator.
    216: CodeMeaning(Treatment.RENEW, "the access token is invalid"),
    401: CodeMeaning(Treatment.RENEW, "the access token is invalid"),
    -401: CodeMeaning(Treatment.RENEW, "the access token is invalid"),
}

UNKNOWN = CodeMeaning(Treatment.REFUSED, "an error that Zalo does not document")

GRANT_DEAD = frozenset({-118, -14014})
"""What the token endpoint says when the refresh token is used up or expired (integrators): an
administrator of the OA has to authorise the app again."""


def meaning(code: int) -> CodeMeaning:
    """What a code means."""
    return MEANINGS.get(code, UNKNOWN)
