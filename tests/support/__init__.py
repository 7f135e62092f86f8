"""What several tests use. Tests import from here, and never from each other."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The project's directory."""
