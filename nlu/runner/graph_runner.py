"""How a Rasa process runs the components of its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner


class InOrderRunner(GraphRunner):  # type: ignore[misc]
    """Runs the components of a loaded model one after another, in an order that is found once.

    Rasa's own runner has dask find it at each of the three runs that a message takes, for a pool of workers
    that there is not: a sixth of the message's time.
    """

    def __init__(self, schema: GraphSchema, nodes: Mapping[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._orders: dict[str, list[str]] = {}

    @classmethod
    def create(cls, *arguments: Any, **named: Any) -> InOrderRunner:
        """A runner with its components loaded from a model."""
        return cls.of(DaskGraphRunner.create(*arguments, **named))

    @classmethod
    def of(cls, runner: DaskGraphRunner) -> InOrderRunner:
        """One with the components that Rasa's runner has loaded."""
        return cls(runner._graph_schema, runner._instantiated_nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """What the targets make of the inputs, by name."""
        done = {name: (name, value) for name, value in (inputs or {}).items()}
        for target in targets or self._schema.target_names:
            for name in self._order(target):
                if name not in done:
                    needs = self._schema.nodes[name].needs.values()
                    done[name] = self._nodes[name](*(done[need] for need in needs))
        return {target: done[target][1] for target in targets or self._schema.target_names}

    def _order(self, target: str) -> list[str]:
        """The components that a target needs, each after those that it needs itself, and the target."""
        if target not in self._orders:
            needed = self._schema.minimal_graph_schema([target]).nodes
            order: list[str] = []
            while len(order) < len(needed):
                order += [
                    name
                    for name, node in needed.items()
                    if name not in order and all(n in order or n not in needed for n in node.needs.values())
                ]
            self._orders[target] = order
        return self._orders[target]
