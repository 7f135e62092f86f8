"""Telegram's limits, each with where it is stated. Nowhere else is such a number written.

Bot API: https://core.telegram.org/bots/api; features: https://core.telegram.org/bots/features;
FAQ: https://core.telegram.org/bots/faq; server: the open source of Telegram's own Bot API server.
"""

from __future__ import annotations

MESSAGE_UNITS = 4096
"""sendMessage `text`, after its entities are parsed (Bot API). The document does not say of what;
the server counts code points. UTF-16 units are never fewer, so counting them is safe."""

CAPTION_UNITS = 1024
"""sendPhoto `caption`, after its entities are parsed (Bot API); counted as MESSAGE_UNITS."""

CALLBACK_BYTES = 64
"""InlineKeyboardButton `callback_data`, in bytes of UTF-8 (Bot API)."""

BUTTONS = 100
"""Buttons of one message (undocumented, python-telegram-bot's InlineKeyboardMarkupLimit)."""

START_PARAMETER = 64
"""Characters of a deep link's parameter, A-Z a-z 0-9 _ - (features, deep linking)."""

CHAT_BURST, CHAT_SECONDS = 3, 3
"""At most so many messages to one chat in so many seconds: "avoid sending more than one message
per second", while "short bursts" are tolerated (FAQ)."""

GROUP_BURST, GROUP_SECONDS = 20, 60
"""At most so many messages to one group in so many seconds (FAQ)."""

ALL_BURST, ALL_SECONDS = 30, 1
"""At most so many messages to everybody in so many seconds (FAQ)."""

PLACEHOLDER = 64
"""setMySettings `inline_query_placeholder`. Not documented; 64 is what is stated for the input field's
placeholder elsewhere (Bot API, ForceReply)."""

INLINE_QUERY = 256
"""Characters of an inline query (Bot API)."""

RESULTS = 50
"""Results of one answerInlineQuery (Bot API)."""

RESULT_ID_BYTES = 64
"""A result's `id`, in bytes of UTF-8 (Bot API)."""

POLL_SECONDS = 50
"""The longest that the server keeps a getUpdates waiting (server)."""

UPDATES = ("message", "edited_message", "callback_query", "inline_query", "guest_message")
"""What we read. Given in full at each call: left out, an earlier setting would stay (Bot API)."""

UPDATE_BYTES = 1024 * 1024
"""An update that is read. Not documented; the longest text has 4,096 characters, and what else a message
carries is small, since files come as ids."""

ANSWER_SECONDS = 20.0
"""How long a call to Telegram may take. Ours: nothing is documented."""
