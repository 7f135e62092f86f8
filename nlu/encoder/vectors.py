"""A file that remembers vectors: encoding is most of what a first training does."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

AT_A_TIME = 500
"""Keys that are asked for together: SQLite takes no more than 999 in one statement everywhere."""

KEPT_DAYS = 90
"""Days after which a vector goes that nobody asked for."""

_DAY = 86_400
_TABLE = """CREATE TABLE IF NOT EXISTS vector
    (key BLOB PRIMARY KEY, vector BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID"""


class Vectors:
    """Vectors by key. path: the file; its directory is made if need be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pruned_on = 0

    def get(self, keys: list[bytes]) -> dict[bytes, np.ndarray]:
        """Those that are remembered, float32."""
        today = int(time.time()) // _DAY
        found: dict[bytes, np.ndarray] = {}
        with self._open() as database:
            for start in range(0, len(keys), AT_A_TIME):
                some = keys[start : start + AT_A_TIME]
                among = f"key IN ({', '.join('?' * len(some))})"
                rows = database.execute(f"SELECT key, vector FROM vector WHERE {among}", some)  # noqa: S608
                found |= {key: np.frombuffer(vector, np.float32) for key, vector in rows}
                database.execute(
                    f"UPDATE vector SET used = ? WHERE used <> ? AND {among}",  # noqa: S608
                    [today, today, *some],
                )
            if self._pruned_on != today:  # once a day: it reads the whole file
                database.execute("DELETE FROM vector WHERE used < ?", [today - KEPT_DAYS])
                self._pruned_on = today
        return found

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Remember some."""
        today = int(time.time()) // _DAY
        rows = [(key, vector.tobytes(), today) for key, vector in vectors.items()]
        with self._open() as database:
            database.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", rows)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._path)) as database, database:
            database.execute(_TABLE)
            yield database
