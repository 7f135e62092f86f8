"""Which databases a test runs on."""

from __future__ import annotations

import pytest

on_both_databases = pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"], indirect=True)
