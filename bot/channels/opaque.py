"""Names that hide ids: whoever reads the log or the database cannot tell whose a conversation is."""

from __future__ import annotations

import hashlib
import hmac


class OpaqueNames:
    """Makes the same name of the same id for as long as the secret is the same."""

    def __init__(self, secret: str) -> None:
        """`secret` keys the hashes (HMAC-SHA-256)."""
        self._secret = secret.encode()

    def __call__(self, name: str) -> str:
        """64 hexadecimal digits from which the name cannot be told."""
        return hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()
