"""A card's messages as the Official Account's consultation messages."""

from __future__ import annotations

from collections.abc import Sequence

from bot.channels.zalo.limits import TITLE_UNITS
from bot.channels.zalo_text import MARK, split_text
from bot.domain.card import Button


def as_image(caption: str, element: dict[str, str]) -> dict[str, object]:
    """A picture and its caption as the consultation message's JSON (SendImageCSMessage of zalo-java-sdk).

    element: {"url": ...} or {"attachment_id": ...}.
    """
    payload = {"template_type": "media", "elements": [{"media_type": "image", **element}]}
    return {"text": caption, "attachment": {"type": "template", "payload": payload}}


def as_message(text: str, buttons: Sequence[Button] = ()) -> dict[str, object]:
    """A text and its buttons as the consultation message's JSON.

    The shape of the buttons is that of zalo-php-sdk's v2 messages, in which integrators use it with
    v3; the official list of v3 messages does not have it.
    """
    if not buttons:
        return {"text": text}
    payload = {"buttons": [_button(button) for button in buttons]}
    return {"text": text, "attachment": {"type": "template", "payload": payload}}


def _button(button: Button) -> dict[str, object]:
    title = split_text(button.label, TITLE_UNITS)[0]
    if button.url:
        return {"title": title, "type": "oa.open.url", "payload": {"url": button.url}}
    # "hide" shows no message of the person's: it would be the payload, and nobody typed that.
    return {"title": title, "type": "oa.query.hide", "payload": f"{MARK}{button.payload}"}
