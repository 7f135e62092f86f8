"""How Zalo says no: with HTTP 200, a number and a few words."""

from __future__ import annotations

from stand_ins.server import Json

RATE, EXPIRED, GENERIC, INVALID, TOO_LONG, NO_QUOTA, NOT_FOLLOWED = -32, -100, -200, -201, -210, -211, -213
TOKEN_INVALID, TOKEN_EXPIRED, SILENT_FOR_A_WEEK, NEVER_SPOKE, UNSUPPORTED = -216, -220, -230, -232, -233
V2_IS_SHUT, WRONG_PROOF, RESTRICTED = -240, -242, -244
REFRESH_TOKEN_DEAD, NO_SUCH_CODE, WRONG_SECRET, WRONG_REDIRECT = -14014, -14019, -14004, -14003

WORDS = {
    RATE: "The application or OA has exceeded the limit of requests per minute",
    EXPIRED: "{} is expired",
    GENERIC: "Send message failed",
    INVALID: "{} is invalid",
    -204: "The Official Account has been deleted",
    -209: "This api is not supported: the app is not activated",
    TOO_LONG: "{} exceeds the limit",
    NO_QUOTA: "Out of quota",
    -212: "The app has not registered this api",
    NOT_FOLLOWED: "The user has not followed the OA",
    TOKEN_INVALID: "Access token is invalid",
    -217: "The user has blocked invitations from the OA",
    -218: "The user has reached the receive limit",
    TOKEN_EXPIRED: "Access token has expired",
    -221: "The OA has to be verified",
    -224: "The OA has to upgrade its package",
    SILENT_FOR_A_WEEK: "The user has not interacted with the OA in the past 7 days",
    NEVER_SPOKE: "The user has not interacted with the OA, or the last interaction has expired",
    UNSUPPORTED: "The message type is invalid or not supported",
    V2_IS_SHUT: "The v2 message api is shut down, use v3",
    WRONG_PROOF: "The appsecret_proof is invalid",
    RESTRICTED: "The user has restricted this message type from the OA",
    -248: "The content violates the platform's standards",
}


class Refused(Exception):
    """Zalo says no; `what` is the field that is to blame, where one is."""

    def __init__(self, code: int, what: str = "parameter") -> None:
        self.code = code
        self.message = WORDS.get(code, "Unknown error").format(what)
        super().__init__(f"{code} {self.message}")


def error(code: int, what: str = "parameter") -> Json:
    """The body of an answer that says no."""
    no = Refused(code, what)
    return {"error": no.code, "message": no.message}
