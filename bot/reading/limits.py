"""How large a picture may be, and how long reading it may take."""

from __future__ import annotations

BYTES_MOST = 5 * 1024 * 1024
"""Bytes of a picture. A screenshot as PNG has one or two millions, what a messenger passes on less."""

PIXELS_MOST = 16_000_000
"""More than most telephones' cameras make, and a screenshot of six screens."""

SIDE_MOST = 16_000
"""Pixels of the longer side."""

SECONDS_MOST = 10.0
"""How long a picture is read at most, of wall time and of the processor's."""

MEMORY_MOST = 640 * 1024 * 1024
"""Bytes of address space of the process that reads, and of Tesseract. The largest picture takes 300 MB of
memory while it is decoded, Tesseract 80 MB after that."""

WAITING_MOST = 20
"""Pictures that wait to be read; whose picture comes then is asked to type."""
