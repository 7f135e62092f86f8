"""Rasa's RulePolicy, without what our rules have no use for."""

from __future__ import annotations

from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.constants import UTTER_PREFIX
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class OneReplyPolicy(RulePolicy):
    """RulePolicy where each rule ends with one utterance: after it the person speaks, whatever rule it was.

    RulePolicy looks through its rules for that as well, and for a message's text, which no rule is about.
    """

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """The next action."""
        if (tracker.latest_action_name or "").startswith(UTTER_PREFIX):
            return PolicyPrediction.for_action_name(domain, ACTION_LISTEN_NAME, type(self).__name__)
        return super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        if use_text_for_last_user_input:
            return None, None, False  # as RulePolicy says it where no rule is about the text
        found: tuple[str | None, str | None, bool] = super()._find_action_from_rules(tracker, domain, False)
        return found
