"""Whether a message asks what became of a ward, a commune or a district, and of which."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.classifier import NO_ANSWER, UNSURE, WARD, entity
from nlu.components.learning import LearningComponent
from nlu.components.reading import READING, Reading
from nlu.wards.recogniser import Recognition, recognise
from nlu.wards.table import LOOKUP, Names

GENERAL_LEAST = 0.3
"""Score of the answer on wards in general, to be given to who asks about a ward and names none."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class WardReader(LearningComponent):
    """Extracts the units that a message names, and makes its intent `ward` where it asks for them.

    Their names stand in many other questions ("land price in Cái Răng"), so a name alone changes nothing: the
    classifier must have read a question on wards, or nothing it is sure of, or nothing but the name is there.
    """

    FILE = "wards.json"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._lines: list[str] = []
        self._names = Names()

    def learned(self) -> bytes:
        """The lines of the lookup table."""
        return json.dumps(self._lines).encode()

    def restore(self, learned: bytes) -> None:
        """Know the units again."""
        self._lines = json.loads(learned)
        self._names = Names.of(self._lines)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the names of the units from the lookup table."""
        tables = (table for table in training_data.lookup_tables if table["name"] == LOOKUP)
        self._lines = [line for table in tables for line in table["elements"]]
        self._names = Names.of(self._lines)
        return self.persist()

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message."""
        for message in messages:
            self._read(message)
        return messages

    def _read(self, message: Message) -> None:
        named = recognise(message.get(TEXT) or "", self._names) if self._lines else Recognition()
        if named.is_empty:
            if message.get(INTENT, {}).get("name") == WARD:
                self._set_general(message)
            return
        is_asked = self._is_asked(message, named)
        reading = replace(
            Reading(**message.get(READING)),
            wards=list(named.ids),
            is_unknown_ward=named.is_unknown,
            address=list(named.place) if named.place else None,
        )
        if is_asked:
            reading = replace(reading, also=[], choices=[])
            self._set_intent(message, WARD)
        message.set(READING, reading.as_json(), add_to_output=True)

    def _is_asked(self, message: Message, named: Recognition) -> bool:
        """Whether the message is about the units that it names, not about something there."""
        intent = message.get(INTENT, {}).get("name")
        entities = {one["entity"]: one["value"] for one in message.get(ENTITIES, [])}
        if intent == WARD or (intent == "faq" and entities.get("answer") == self._names.answer):
            return True
        if named.is_bare and named.is_typed:
            return True
        if intent not in {UNSURE, NO_ANSWER}:
            return False
        scores = {label["name"]: label["confidence"] for label in message.get(INTENT_RANKING_KEY, [])}
        own = scores.pop(WARD, 0) + scores.pop(f"faq/{self._names.answer}", 0)
        return bool(named.is_bare or own >= max(scores.values(), default=0))

    def _set_general(self, message: Message) -> None:
        """Who asks about a ward and names none gets the answer on wards in general."""
        scores = {label["name"]: label["confidence"] for label in message.get(INTENT_RANKING_KEY, [])}
        is_near = scores.get(f"faq/{self._names.answer}", 0) >= GENERAL_LEAST * scores.get(WARD, 1)
        self._set_intent(message, "faq" if self._names.answer and is_near else NO_ANSWER)

    def _set_intent(self, message: Message, intent: str) -> None:
        message.set(INTENT, {**message.get(INTENT), "name": intent}, add_to_output=True)
        entities = [one for one in message.get(ENTITIES, []) if one["entity"] not in {"answer", "facet"}]
        if intent != NO_ANSWER and self._names.answer:
            entities.append(entity("answer", self._names.answer))
        message.set(ENTITIES, entities, add_to_output=True)
