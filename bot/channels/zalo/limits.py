"""Zalo's limits and times, each with where it is stated. Nowhere else is such a number written.

Official pages: https://developers.zalo.me/docs/official-account/ and its mirror
https://docs.zaloplatforms.com/docs/OA/; SDK: the source of Zalo's own zaloplatform/zalo-php-sdk and
zalo-java-sdk. "Integrators" are those who transcribed these pages or run against the real service;
where they disagree, the number here is the one that is safe for all of them.
"""

from __future__ import annotations

from datetime import timedelta

# Messages.

TITLE_UNITS = 100
"""A button's `title` (integrators)."""

UPLOAD_LIFE = timedelta(days=6)
"""How long the id of an uploaded picture is used again; Zalo forgets it after 7 days (integrators)."""

FREE_WINDOW = timedelta(hours=48)
"""How long after a person wrote a message to them costs nothing (integrators quoting the page)."""

MINUTE_CALLS = 3600
"""Calls a minute, below the 4,000 that an app has (table of errors, -32)."""

# The webhook.

WEBHOOK_SECONDS = 1.5
"""For how long an event may be written down before it is given back to be delivered again; Zalo
wants an answer within 2 seconds (integrators)."""

EVENT_BYTES = 256 * 1024
"""An event that is read. Not documented; the largest have a text of 2,000 characters and some links."""

SILENCE = timedelta(hours=24)
"""Without any event for so long, the operator is told: Zalo tries an event for hours and then
switches the webhook off, and every OA sends some receipt or message in a day."""

# Tokens (https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new).

ACCESS_TOKEN_LIFE = timedelta(seconds=90_000)
"""The life of an access token whose answer names none: 25 hours."""

RENEW_AFTER = 0.8
"""The part of an access token's life after which it is renewed: 20 of 25 hours."""

CALL_SECONDS = 15.0
"""How long a call to Zalo may take. Ours: nothing is documented."""

RENEWAL_SECONDS = 60.0
"""How long a renewal may be in another process's hand; longer than its call takes. Ours."""

RENEW_AGAIN_SECONDS = 60.0
"""The pause after a renewal that Zalo did not answer. Ours."""
