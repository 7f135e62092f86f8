"""What a button means to Rasa."""

from __future__ import annotations

import json

from bot.cards.actions import ACTIONS, INTENTS
from bot.content.library import Library
from bot.domain.answer import TOPICS, Facet
from bot.domain.language import Language


def rasa_command(payload: str, library: Library) -> str | None:
    """The payload as Rasa's `/intent{...}`, or None if it names nothing that is there."""
    match payload.split(":"):
        case ["answer", answer_id] if library.tells_of(answer_id):
            return answer_command(answer_id)
        case ["facet", answer_id, facet] if library.tells_of(answer_id) and facet in set(Facet):
            return facet_command(answer_id, Facet(facet))
        case ["topic", topic, page] if (
            topic in TOPICS and page.isascii() and page.isdigit() and len(page) < 3
        ):
            return _command("topics", topic=topic, page=page)
        case ["ward", *parts] if wards := library.wards:
            page = parts.pop() if len(parts) > 2 else "1"
            if wards.find(":".join(parts)) and page.isascii() and page.isdigit() and len(page) < 3:
                return ward_command(":".join(parts), page, wards.answer)
        case ["language", language] if language in set(Language):
            return _command("language", language=language)
        case ["news", topic] if topic in TOPICS:
            return _command("news", topic=topic)
        case ["helpful" | "unhelpful" as vote, answer_id, language] if library.published(
            answer_id
        ) and language in set(Language):
            return _command(vote, about=answer_id, language=language)
        case ["say", intent] if intent in INTENTS:
            return _command(intent)
        case ["yes", action] if _is_confirmed(action):
            return _command(f"affirm_{action}")
        case ["no", action] if _is_confirmed(action):
            return _command(f"deny_{action}")
        case ["say", "affirm" | "deny"]:
            return _command("doubt")  # an old button that names no question: whatever is open is asked again
    return None


def answer_command(answer_id: str) -> str:
    """Rasa's command that asks for an answer."""
    return _command("faq", answer=answer_id)


def facet_command(answer_id: str, facet: Facet) -> str:
    """Rasa's command that asks for one side of an answer."""
    return _command("faq_facet", answer=answer_id, facet=facet)


def ward_command(place_id: str, page: str = "1", answer_id: str | None = None) -> str:
    """Rasa's command that asks for a place of content/wards.yml; the answer on wards is the topic then."""
    return _command("ward", ward=place_id, page=page, **({"answer": answer_id} if answer_id else {}))


def _is_confirmed(name: str) -> bool:
    action = ACTIONS.get(name)
    return action is not None and action.is_confirmed


def _command(intent: str, **entities: str) -> str:
    return f"/{intent}{json.dumps(entities)}" if entities else f"/{intent}"
