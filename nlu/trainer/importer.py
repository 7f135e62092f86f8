"""Reads the training files for a training: once, and with libyaml.

Rasa's own importer reads and validates each file of examples some six times over with a parser in pure
Python, which is most of the time that a training takes here. It is still what `rasa train` uses, and
`rasa data validate`.
"""

from __future__ import annotations

from pathlib import Path

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import ResponsesSyncImporter
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

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

    @cached_method  # type: ignore[untyped-decorator]
    def get_domain(self) -> Domain:
        return super().get_domain()

    @cached_method  # type: ignore[untyped-decorator]
    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        return super().get_stories(exclusion_percentage)

    @cached_method  # type: ignore[untyped-decorator]
    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        reader = _ExampleReader()
        for file in [*sorted(paths.EXPORT.glob("*.yml")), *sorted(paths.NLU.glob("*.yml"))]:
            reader.add(file)
        return _Data(reader.training_examples, lookup_tables=reader.lookup_tables, responses=reader.responses)


class _Data(TrainingData):  # type: ignore[misc]
    @staticmethod
    def sanitize_examples(examples: list[Message]) -> list[Message]:
        """Each example once. Rasa compares them by a digest of all they have, which takes as long as reading
        them."""
        first: dict[str, Message] = {}
        for example in examples:
            first.setdefault(repr(sorted(example.data.items())), example)
        return list(first.values())


class _ExampleReader(RasaYAMLReader):  # type: ignore[misc]
    def add(self, file: Path) -> None:
        """Read the examples of a file, if it has any."""
        content = paths.read_yaml(file)
        if isinstance(content, dict) and "nlu" in content:
            self.filename = str(file)
            self._parse_nlu(content["nlu"])
            self.responses |= content.get("responses") or {}
