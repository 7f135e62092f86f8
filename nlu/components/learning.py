"""What our Rasa components that learn have in common."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from typing_extensions import Self  # not under TYPE_CHECKING: Rasa asks for the types of create and load


class LearningComponent(GraphComponent, abc.ABC):
    """A component that keeps what it learned in one file of its model.

    FILE: the file's name.
    """

    FILE: ClassVar[str]

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource

    @abc.abstractmethod
    def learned(self) -> bytes:
        """What was learned, for the file."""

    @abc.abstractmethod
    def restore(self, learned: bytes) -> None:
        """Know again what `learned` gave."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """An untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        """The trained component."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            component.restore((directory / cls.FILE).read_bytes())
        return component

    def persist(self) -> Resource:
        """Write the file; where in the model it is."""
        with self._storage.write_to(self._resource) as directory:
            (directory / self.FILE).write_bytes(self.learned())
        return self._resource
