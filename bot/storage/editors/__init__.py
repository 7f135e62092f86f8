"""What the editors' pages keep: accounts, drafts, reviews, publications. A database of its own."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
