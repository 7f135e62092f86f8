"""Of an update only what the bot needs, for when the library cannot read the whole of it.

Telegram's API grows every month and the library follows later: a field that it does not expect, or
misses, somewhere in a message must not cost the person the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from telegram.constants import ChatType

Json = Mapping[str, object]

_PLAIN = {
    "date": int, "edit_date": int, "message_id": int, "message_thread_id": int, "is_topic_message": bool,
    "is_automatic_forward": bool, "text": str, "caption": str, "media_group_id": str,
    "guest_query_id": str,
    "migrate_to_chat_id": int, "migrate_from_chat_id": int,
}  # fmt: skip
_WORDS = frozenset({"text", "caption", "photo", "migrate_to_chat_id", "migrate_from_chat_id"})


def essential(update: Json) -> dict[str, object] | None:
    """The update with what matters to us alone; None if there is nothing in it that can be read."""
    for kind in ("message", "edited_message", "guest_message"):
        message = update.get(kind)
        if isinstance(message, Mapping):
            kept = _message(message)
            has_words = bool(_WORDS & kept.keys())
            return {"update_id": update.get("update_id", 0), kind: kept} if has_words else None
    query = update.get("callback_query")
    if isinstance(query, Mapping) and isinstance(query.get("message"), Mapping):
        kept = {name: query[name] for name in ("id", "data") if isinstance(query.get(name), str)}
        kept |= {"chat_instance": "", "from": _user(query.get("from")), "message": _message(query["message"])}
        return {"update_id": update.get("update_id", 0), "callback_query": kept}
    return None


def _message(message: Json, *, is_replied_to: bool = False) -> dict[str, object]:
    kept: dict[str, object] = {"message_id": 0, "date": 0, "chat": _chat(message.get("chat"))}
    kept |= {name: message[name] for name, kind in _PLAIN.items() if isinstance(message.get(name), kind)}
    kept |= {name: _entities(message.get(name)) for name in ("entities", "caption_entities")}
    if photo := _photo(message.get("photo")):
        kept["photo"] = photo
    if isinstance(message.get("from"), Mapping):
        kept["from"] = _user(message["from"])
    replied, quote = message.get("reply_to_message"), message.get("quote")
    if isinstance(replied, Mapping) and not is_replied_to:
        kept["reply_to_message"] = _message(replied, is_replied_to=True)
    if isinstance(quote, Mapping) and isinstance(quote.get("text"), str):
        kept["quote"] = {"text": quote["text"], "position": 0}
    return kept


def _photo(sizes: object) -> list[dict[str, object]]:
    """The sizes of a photo that can be fetched."""
    kinds = {"file_id": str, "file_unique_id": str, "width": int, "height": int}
    return [
        {name: size[name] for name in (*kinds, "file_size") if name in size}
        for size in (sizes if isinstance(sizes, list) else [])
        if isinstance(size, Mapping) and all(isinstance(size.get(name), kind) for name, kind in kinds.items())
    ]


def _chat(chat: object) -> dict[str, object]:
    given = chat if isinstance(chat, Mapping) else {}
    chat_id = given.get("id")
    is_private = isinstance(chat_id, int) and chat_id > 0
    return {"id": chat_id, "type": given.get("type", ChatType.PRIVATE if is_private else ChatType.GROUP)}


def _user(user: object) -> dict[str, object]:
    given = user if isinstance(user, Mapping) else {}
    code = given.get("language_code")
    return {
        "id": given.get("id", 0),
        "is_bot": given.get("is_bot") is True,
        "first_name": "",
        "language_code": code if isinstance(code, str) else None,
    }


def _entities(entities: object) -> list[dict[str, object]]:
    """Those that tell a place in the text; of a named person only the id."""
    found = entities if isinstance(entities, list) else []
    return [
        {"type": entity["type"], "offset": entity["offset"], "length": entity["length"]}
        | ({"user": _user(entity["user"])} if "user" in entity else {})
        for entity in found
        if isinstance(entity, Mapping) and {"type", "offset", "length"} <= entity.keys()
    ]
