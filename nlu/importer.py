"""Reads the training files for a training: once, and with libyaml.

Rasa's own importer reads and validates each file of examples some six times over with a parser in pure
Python, which is most of the time that a training takes here. It is still what `rasa train` uses, and
`rasa data validate`.
"""

from __future__ import annotations

from pathlib import Path

from rasa.shared.importers.importer import ResponsesSyncImporter
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import paths


class Importer(ResponsesSyncImporter):  # type: ignore[misc]
    """The domain with the retrieval intents that the examples have, and the examples themselves."""

    def __init__(self) -> None:
        super().__init__(_Files())

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """All examples, of whichever language, without the copies that Rasa makes of them."""
        return self._importer.get_nlu_data()


class _Files(RasaFileImporter):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(str(paths.CONFIG), str(paths.DOMAIN), [])
        self._story_files = [str(file) for file in sorted(paths.STORIES.glob("*.yml"))]
        self._data: TrainingData | None = None

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        if self._data is None:
            reader = _Reader()
            for file in [*sorted(paths.EXPORT.glob("*.yml")), *sorted(paths.NLU.glob("*.yml"))]:
                reader.add(file)
            self._data = TrainingData(reader.training_examples, responses=reader.responses)
        return self._data


class _Reader(RasaYAMLReader):  # type: ignore[misc]
    def add(self, file: Path) -> None:
        """Read the examples of a file, if it has any."""
        content = paths.read_yaml(file)
        if isinstance(content, dict) and "nlu" in content:
            self.filename = str(file)
            self._parse_nlu(content["nlu"])
            self.responses |= content.get("responses") or {}
