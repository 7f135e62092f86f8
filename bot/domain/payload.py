"""What a button sends back, and what it means to Rasa.

A payload is short, readable ASCII, at most 64 bytes (the least a platform takes, Telegram's
callback data): `answer:culture.food`, `facet:culture.food:price`, `topic:culture:2`,
`language:en`, `say:help`, `yes:forget`, `news:city`, `helpful:culture.food:en`, `share:culture.food:en`,
`watch:culture.food:en`, `ward:31378`, `picture:check`. It comes back from outside and may be forged or years
old, so only what names something in the library is turned into a Rasa command, or done.
"""

from __future__ import annotations

import re

from bot.domain.answer import Facet
from bot.domain.language import Language

_FORM = re.compile(
    r"(?:answer|facet|topic|language|news|say|ward|near|share|yes|no|helpful|unhelpful|watch|unwatch|picture)"
    r":[a-z0-9_.:-]{1,64}"
)


def for_answer(answer_id: str) -> str:
    """The payload that asks for an answer."""
    return f"answer:{answer_id}"


def for_facet(answer_id: str, facet: Facet) -> str:
    """The payload that asks for one side of an answer."""
    return f"facet:{answer_id}:{facet}"


def for_topic(topic: str, page: int = 1) -> str:
    """The payload that opens a page of a topic's menu; pages count from 1."""
    return f"topic:{topic}:{page}"


def for_language(language: Language) -> str:
    """The payload that asks for the last answer in another language."""
    return f"language:{language}"


def for_saying(intent: str) -> str:
    """The payload that stands for an intent, as if it had been said in words."""
    return f"say:{intent}"


def for_confirming(action: str, *, is_wanted: bool) -> str:
    """The payload that answers the question whether an action is wanted.

    It says which question that is: under an older one it must not answer the one that was asked since.
    """
    return f"{'yes' if is_wanted else 'no'}:{action}"


def for_ward(place_id: str, page: int = 1) -> str:
    """The payload that asks for a ward of today or of before, or for a page of a former district's."""
    return f"ward:{place_id}" if page == 1 else f"ward:{place_id}:{page}"


def for_location(latitude: float, longitude: float) -> str:
    """The payload that a person's location stands for, in degrees: to some 100 metres, no more is needed."""
    return f"near:{latitude:.3f}:{longitude:.3f}"


def location_in(payload: str) -> tuple[float, float] | None:
    """The latitude and longitude of a payload, in degrees; None if it is of another kind."""
    found = re.fullmatch(r"near:(-?\d{1,2}\.\d{1,8}):(-?\d{1,3}\.\d{1,8})", payload, re.ASCII)
    return (float(found[1]), float(found[2])) if found else None


MEDIA = frozenset({"voice", "video", "sticker", "poll", "contact", "picture_busy"})
"""What people send that cannot be read, and of which something better is known to say than of the rest."""


def for_media(kind: str) -> str | None:
    """What tells of which kind a message is that cannot be read; None if that makes no difference.

    No button has it: whoever sends it as one asks for nothing.
    """
    return f"sent:{kind}" if kind in MEDIA else None


def media_in(payload: str | None) -> str | None:
    """The kind of what was sent, as `for_media` has it."""
    kind = (payload or "").removeprefix("sent:")
    return kind if payload and payload.startswith("sent:") and kind in MEDIA else None


CHECK_PICTURE = "picture:check"
"""Asks about what was read in a picture, as if it had been typed."""

TYPE_PICTURE = "picture:type"
"""Says that one types what stands in a picture instead."""


def for_news(topic: str) -> str:
    """The payload that subscribes to a topic's news."""
    return f"news:{topic}"


def for_feedback(answer_id: str, language: Language, *, is_helpful: bool) -> str:
    """The payload that says whether an answer helped; language: of the card, which may be old."""
    return f"{'helpful' if is_helpful else 'unhelpful'}:{answer_id}:{language}"


def for_share(answer_id: str, language: Language) -> str:
    """The payload that asks for an answer's share image in a language."""
    return f"share:{answer_id}:{language}"


def for_watching(answer_id: str, language: Language, *, is_wanted: bool = True) -> str:
    """The payload that asks to be told, or no more, when an answer changes; language: of the card."""
    return f"{'watch' if is_wanted else 'unwatch'}:{answer_id}:{language}"


def watching_in(payload: str) -> tuple[str, Language, bool] | None:
    """The answer, the language and what is wanted of a payload of `for_watching`; None of another kind."""
    kind, _, rest = payload.partition(":")
    answer_id, _, language = rest.rpartition(":")
    if kind not in {"watch", "unwatch"} or not answer_id or language not in set(Language):
        return None
    return answer_id, Language(language), kind == "watch"


def is_payload(text: str) -> bool:
    """Whether a text has the form of a payload, whatever it names."""
    return _FORM.fullmatch(text) is not None
