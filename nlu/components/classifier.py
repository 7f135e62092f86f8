"""From forms and vectors to an intent: which answer, how sure, or none."""

from __future__ import annotations

import os
import pickle
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    INTENT_RANKING_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import threadpool_limits

from nlu import progress
from nlu.components.acceptance import Acceptance, evidence
from nlu.components.context import DOUBT, NO_ANSWER, TALK, UNSURE
from nlu.components.encoder import VECTORS
from nlu.components.examples import example_label, is_answer_text, learned_from
from nlu.components.kernel_machine import Inputs, Kernel, KernelMachine
from nlu.components.language import LANGUAGE, LANGUAGE_IS_SURE
from nlu.components.learning import LearningComponent
from nlu.components.normaliser import BESIDE, FORMS
from nlu.components.other_languages import OTHER_LANGUAGE
from nlu.components.reading import READING, Reading
from nlu.text.forms import Forms, fold, points_back, words

# This classifier does the response selector's work, which Rasa looks for by the name of its own class.
warnings.filterwarnings("ignore", message=".*does not include a response selector component.*")

AFFIRM, DENY = "affirm", "deny"
REACTIONS = frozenset({"smalltalk", "thanks", "greet", "goodbye", AFFIRM})
"""Labels of what asks for nothing."""

WARD = "ward"
"""What a place of the city is called now: nlu.components.ward_reader looks for its name."""

_ASKING = frozenset({"à", "á", "ư", "hả", "chứ"})
"""Words that may make a question of an agreement that they end, as they are typed: "ạ" is polite."""

CHOICES_MOST = 3
"""Answers offered at most. nlu/actions.yml has a label for each place, and bot/cards/fallbacks.py shows as
many."""

RANKING_LENGTH = 30
"""Labels that are told of a message, the best first: far enough down for what is in hand to be among them."""

AT_A_TIME = 200
"""Messages that are read together, where there are many: in a validation, or in an evaluation."""

# What labels of the form base/detail mean for the conversation: the entity that carries the detail.
ENTITY_OF = {"faq": "answer", "followup": "facet", "language": "language"}


@dataclass(frozen=True)
class Thresholds:
    """From which probability an answer is given, a second one beside it, and choices are offered."""

    answer: float
    second: float
    choices: float


CAUTION = {
    "careful": Thresholds(answer=0.6, second=0.7, choices=0.4),
    "balanced": Thresholds(answer=0.38, second=0.6, choices=0.3),
    "forthcoming": Thresholds(answer=0.3, second=0.45, choices=0.2),
}
"""The three ways between refusing and answering. On tests/nlu, right first, wrong and out of scope held back:
94.4, 0.8 and 94.7 %; 97.0, 1.3 and 90.7 %; 97.8, 1.6 and 88.3 %, when "balanced" answered from 0.45 on. With
what is taught since, 0.38 is better: of 1,470 questions that were not taught 1,414 instead of 1,410 are
right, with one more wrong answer, and no fewer are held back that have none."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class AnswerClassifier(LearningComponent, IntentClassifier):
    """Sets intent, ranking, entities and the response selector's output of each message.

    Labels may be plain ("greet") or of the form base/detail ("faq/culture.food"); the base is the
    intent. Confidence is the calibrated probability that the label is right.
    """

    FILE = "classifier.pickle"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._courtesies = frozenset(config["courtesies"])
        if config["caution"] not in CAUTION:
            raise InvalidConfigException(
                f"config.yml: caution is {config['caution']!r}; write one of {', '.join(CAUTION)}."
            )
        self._thresholds = CAUTION[config["caution"]]
        self._machine = KernelMachine(Kernel(**config["kernel"]))
        self._acceptance = Acceptance()
        self._words: frozenset[str] = frozenset()
        self._agreements: frozenset[str] = frozenset()

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Words around a "yes" that change nothing about it, without diacritics, and what signs say that
            # do not either.
            "courtesies": [],
            # How sure an answer has to be: "careful", "balanced" or "forthcoming", see CAUTION. It is stored
            # with the model, which goes on with what it was validated with.
            "caution": "balanced",
            # What texts are compared by, see Kernel. The less the ridge, the more examples are read right
            # that are left out in turn: 81.0 % of ours at 0.4 and 81.6 % at 0.1, 93.5 and 93.7 % of
            # BANKING77's. Of ours it is 77.6 % at a width of 5, 79.8 % where letters and words weigh 0.5,
            # 80.8 % with up to five letters; where they weigh 0.2, tests/nlu loses half a point.
            "kernel": {
                "width": 3.0,
                "letters": 0.3,
                "words": 0.3,
                "letter_sequences": [2, 4],
                "word_sequences": [1, 2],
                "ridge": 0.15,
            },
            # An answer that has fewer examples than others have, as every new one, scores less: 0.27 for its
            # own questions with 24 of them, where the others' median is 134 and theirs score 0.70. Its scores
            # are raised by how many times as many the median is, to this power, but not more than so often:
            # then they are 0.70, too. With 34 answers cut down to 24, of 421 independent questions for them
            # 87.2 instead of 57.5 % are right first, and of 1,284 for the others 96.6 % as before. At 0.5 it
            # is 85.3 %; at 0.7 what has no answer begins to find one. With ten it is 65 instead of 23 %; if
            # they were raised more, nothing would be sure any more where all have few.
            "few": {"power": 0.6, "most": 3.0},
            # How many examples the probabilities are fitted on, those of every so many labels. On all 19,700
            # it takes 25 s of a processor more, and 1,417 instead of 1,414 of 1,478 questions are right.
            "calibrating_enough": 10_000,
            # Of the messages that the probabilities are meant for, how many have no answer: so many times the
            # share of the examples that say so, between these two. Whoever teaches few expects few: with 60
            # of 7,686 on BANKING77, 12 intents of it untaught, 91.7 instead of 89.1 % of the good questions
            # are answered, and 67 instead of 79 % of the untaught ones refused.
            "no_answer_share": {"times": 3, "least": 0.1, "most": 0.2},
            # Share of the best answer's score from which another one is offered beside it.
            "choice": 0.4,
            # Probability from which a message is taken for what is no question: to say "you are welcome"
            # wrongly does less harm than a wrong answer, and what would do harm is confirmed first.
            "talk": 0.15,
            # Score from which a message without a word that was taught is taken for a reaction ("okii"):
            # its letters and its vector tell that. Else it has no answer, whatever its scores.
            "reaction": 0.4,
            # Labels that are read without being the best: from which score on, and from which share of the
            # best one's. A forged paper scores for the paper as well, and today's flood at the quay for the
            # quay. From 0.36 on, instead of 0.33, of 200 wishes to do harm with our topics 195 are declined
            # as before, and of 1,760 other questions nine instead of fifteen.
            "before_answers": {
                "declined": {"score": 0.36, "share": 0.55},
                "live": {"score": 0.25, "share": 0.6},
            },
            # The same where the best is talk, or has no answer. Many ways to say that one no longer wants to
            # live sound like a sigh; a sigh that is taken for one gets a kind word too many.
            "before_talk": {"care": {"score": 0.25, "share": 0.6}},
            # Labels that are read from a score on, and what it is: despair is the best of what hardly says
            # anything ("my son failed his driving test twice") with 0.1 to 0.25, and of 56 independent cries
            # for help one has less.
            "least": {"care": {"score": 0.25}},
            # Labels that make another thing of a label when they are asked for beside it, and how many times
            # their score it needs: who asks where to report a forgery wants none. Of such questions, left out
            # in turn, 1.0 instead of 5.4 % are declined.
            "unless": {"declined": ["followup/contact", "faq/city.hotline", "check_claim"]},
            "unless_times": 2.0,
            # Of so few words such a label needs this score: "fake sites" names a topic, "fake passport" was
            # taught.
            "unless_short": {"words": 3, "score": 0.45},
            # Share of the score of "no answer" that an answer needs to be offered instead of the refusal:
            # today's price of gold is refused, with nothing offered that has gold in it.
            "nearly": 0.75,
        }

    def learned(self) -> bytes:
        """The machine, the probabilities, the thresholds, and the words and agreements that were taught."""
        return pickle.dumps(
            (self._machine, self._acceptance, self._thresholds, self._words, self._agreements)
        )

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        (
            self._machine,
            self._acceptance,
            self._thresholds,
            self._words,
            self._agreements,
        ) = pickle.loads(learned)

    # Training

    def examples(self, training_data: TrainingData) -> list[Message]:
        """The examples that are learned from, with forms and vectors."""
        return learned_from(training_data)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the machine, then the probabilities, on what it says of held-out examples."""
        examples = self.examples(training_data)
        calibrating = _calibrating(map(example_label, examples), self._config["calibrating_enough"])
        examples.sort(key=lambda example: (example_label(example) in calibrating, example_label(example)))
        labels = [example_label(example) for example in examples]
        texts = [self.counted(example.get(FORMS)[0]) for example in examples]
        every = [example for example in training_data.intent_examples if example.get(FORMS)]
        self._words = frozenset(word for example in every for word in example.get(FORMS)[0].folded.split())
        vectors = np.vstack([example.get(VECTORS) for example in examples])
        questions = np.array([not is_answer_text(example) for example in examples])
        blocks = [block for block in _ranges(np.array(labels)) if labels[block.start] in calibrating]
        with threadpool_limits(len(os.sched_getaffinity(0)), "blas"):  # one is enough to answer, and set
            progress.tell("fitting", 0)
            self._machine.fit(Inputs(vectors, texts), labels)
            progress.tell("fitting", 0.5)
            self._machine.raise_scores(self._times(Counter(labels)))
            self._calibrate(texts, np.array(labels), questions, blocks)
        self._machine.forget_training()
        self._agreements = frozenset(
            self._bare(text) for text, label in zip(texts, labels, strict=True) if label == AFFIRM
        )
        return self.persist()

    def _times(self, examples: Mapping[str, int]) -> np.ndarray:
        """How many times each label's scores count: an answer's more than once if it has few examples."""
        counts = np.array([examples[str(label)] for label in self._machine.labels])
        is_answer = np.array([str(label).startswith("faq/") for label in self._machine.labels])
        usual = np.median(counts[is_answer]) if is_answer.any() else 1.0
        few = self._config["few"]
        times = np.clip((usual / counts) ** few["power"], 1.0, few["most"])
        return np.where(is_answer, times, 1.0).astype(np.float32)

    def _calibrate(
        self, texts: list[str], labels: np.ndarray, questions: np.ndarray, blocks: list[slice]
    ) -> None:
        """Fit the probabilities on two kinds of held-out predictions: each question without itself,
        and each question of a label without all of that label, which then has no answer.

        blocks: the labels whose questions are held out, the last ones.
        """
        scores_alone, scores_whole = self._machine.left_out(blocks)
        seen = Counter(word for text in texts for word in set(text.split()))
        once = {word for word, count in seen.items() if count == 1}
        words = self._words - once
        taught = np.mean(labels == NO_ANSWER)

        held_out = slice(blocks[0].start, None)
        texts, labels, questions = texts[held_out], labels[held_out], questions[held_out]
        alone, whole = np.flatnonzero(questions), np.flatnonzero(questions & (labels != NO_ANSWER))
        scores_alone, scores_whole = scores_alone[alone], scores_whole[whole]
        scores_whole[np.arange(len(whole)), self._machine.numbers_of(labels[whole])] = -1
        used = [*alone, *whole]
        known = np.array([self.known(texts[index], words) for index in used])
        lengths = np.array([len(texts[index].split()) for index in used])
        scores = np.vstack([scores_alone, scores_whole])
        best = self._machine.labels[np.argsort(-scores, axis=1)[:, :CHOICES_MOST]]
        truth = np.concatenate([labels[alone], np.full(len(whole), NO_ANSWER)])
        first = best[:, 0] == truth
        among = (best == truth[:, None]).any(axis=1)
        in_scope = truth != NO_ANSWER
        limits = self._config["no_answer_share"]
        share = float(np.clip(limits["times"] * taught, limits["least"], limits["most"]))
        ratio = in_scope.sum() / max((~in_scope).sum(), 1)
        weights = np.where(in_scope, 1.0, ratio * share / (1 - share))
        aside = self._machine.labels == NO_ANSWER
        self._acceptance.fit(evidence(scores, known, lengths, aside), first, among, weights)

    # Reading a message

    def counted(self, form: Forms) -> str:
        """The text of a form whose words and letters are counted."""
        return form.folded

    def known(self, text: str, words: frozenset[str]) -> float:
        """The share of a text's words that are among these, from 0 to 1."""
        said = text.split()
        return sum(word in words for word in said) / len(said) if said else 0.0

    def scores(self, messages: list[Message]) -> np.ndarray:
        """The scores of every label for each form of each message, one after the other."""
        texts = [self.counted(form) for message in messages for form in message.get(FORMS)]
        return self._machine.scores(Inputs(np.vstack([message.get(VECTORS) for message in messages]), texts))

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message."""
        for start in range(0, len(messages), AT_A_TIME):
            some = messages[start : start + AT_A_TIME]
            scores = self.scores(some)
            texts = [self.counted(form) for message in some for form in message.get(FORMS)]
            for label, least in self._config["least"].items():
                scores[(self._machine.labels == label) & (scores < least["score"])] = 0
            for label, others in self._config["unless"].items():
                self._weaken(label, others, texts, scores)
            ends = np.cumsum([len(message.get(FORMS)) for message in some])
            for message, of_message in zip(some, np.split(scores, ends[:-1]), strict=True):
                self._read(message, of_message)
        return messages

    def _weaken(self, label: str, others: list[str], texts: list[str], scores: np.ndarray) -> None:
        """Take a label's score away where one of the others scores enough beside it, or where there are too
        few words for it."""
        column = {str(name): number for number, name in enumerate(self._machine.labels)}
        beside = [column[other] for other in others if other in column]
        if label in column and beside:
            of_label = scores[:, column[label]]
            short = self._config["unless_short"]
            is_short = np.array([len(text.split()) <= short["words"] for text in texts])
            least = self._config["unless_times"] * scores[:, beside].max(axis=1)
            least = np.maximum(least, self._config["before_answers"].get(label, {}).get("score", 0.0))
            of_label[(of_label < least) | (is_short & (of_label < short["score"]))] = 0

    def _read(self, message: Message, scores: np.ndarray) -> None:
        texts = [self.counted(form) for form in message.get(FORMS)]
        known = np.array([self.known(text, self._words) for text in texts])
        lengths = np.array([len(text.split()) for text in texts])
        aside = self._machine.labels == NO_ANSWER
        first, among = self._acceptance.probabilities(evidence(scores, known, lengths, aside))
        order = np.argsort(-scores, axis=1)
        best = self._machine.labels[order[:, 0]]

        if before := self._goes_before(scores[0]):
            self._set(message, before, float(first[0]), self._ranking(scores[0], order[0]), Reading())
            return
        part = self._decisive_part(best, first)
        label, confidence = str(best[part]), float(first[part])
        ranking = self._ranking(scores[part], order[part])
        answers = {name.partition("/")[2]: score for name, score in ranking if name.startswith("faq/")}
        is_talk = not label.startswith("faq/") and label not in {NO_ANSWER, WARD}
        is_sure = confidence >= (self._config["talk"] if is_talk else self._thresholds.answer)
        if label == NO_ANSWER and max(answers.values(), default=0) < self._config["nearly"] * ranking[0][1]:
            is_sure = True
        if not known[part]:
            is_reaction = label in REACTIONS and ranking[0][1] >= self._config["reaction"]
            label, confidence = (TALK, confidence) if is_reaction else (NO_ANSWER, 1.0)
        elif not is_sure:
            if among[part] >= self._thresholds.choices and answers:
                least = self._config["choice"] * max(answers.values())
                near = [answer for answer, score in answers.items() if score >= least]
                reading = Reading(choices=near[:CHOICES_MOST])
                self._set(message, UNSURE, float(among[part]), ranking, reading)
                return
            if label != NO_ANSWER:
                label, confidence = NO_ANSWER, 1 - float(among[part])
        if label in {AFFIRM, DENY} and _asks(message.get(TEXT)):
            label = DOUBT
        also = self._second_answers(best, first, label)
        self._set(message, label, confidence, ranking, Reading(also=also, choice=_choice(label)))

    def _ranking(self, scores: np.ndarray, order: np.ndarray) -> list[tuple[str, float]]:
        return [(str(self._machine.labels[n]), float(scores[n])) for n in order[:RANKING_LENGTH]]

    def _goes_before(self, scores: np.ndarray) -> str | None:
        """The label that goes before the best one, an answer or talk, as it scores enough beside it."""
        score_of = dict(zip(self._machine.labels, scores, strict=True))
        best = max(score_of, key=lambda label: score_of[label])
        if best.startswith("faq/"):
            before = self._config["before_answers"]
        elif best in {TALK, NO_ANSWER}:
            before = self._config["before_talk"]
        else:
            return None
        for label, least in before.items():
            score = score_of.get(label, 0)
            if score >= max(least["score"], least["share"] * score_of[best]):
                return str(label)
        return None

    def _decisive_part(self, best: np.ndarray, first: np.ndarray) -> int:
        """Which of whole and sentences decides: the surest answer, unless there is none, then the whole."""
        answers = [n for n, label in enumerate(best) if label.startswith("faq/")]
        sure = [n for n in answers if first[n] >= self._thresholds.answer]
        return max(sure, key=lambda n: first[n]) if sure else 0

    def _is_clear(self, message: Message) -> bool:
        """Whether an agreement is beyond doubt: one of those that were taught, courtesies aside, that neither
        ends as a question ("đồng ý à") nor has a sign beside it that says something else ("yes 👎")."""
        said = [self._bare(message.get(FORMS)[0].folded), *map(fold, message.get(BESIDE))]
        asks = words(message.get(TEXT))[-1:]
        return said[0] in self._agreements and not (
            _ASKING.intersection(asks) or set(said) - self._agreements - self._courtesies
        )

    def _bare(self, text: str) -> str:
        """A folded text without the courtesies around it; of courtesies alone ("dạ vâng ạ") the first."""
        said = text.split()
        while len(said) > 1 and said[-1] in self._courtesies:
            del said[-1]
        while len(said) > 1 and said[0] in self._courtesies:
            del said[0]
        return " ".join(said)

    def _second_answers(self, best: np.ndarray, first: np.ndarray, label: str) -> list[str]:
        """What else is asked for, in sentences of its own, as surely."""
        if not label.startswith("faq/"):
            return []
        also: list[str] = []
        for part in range(1, len(best)):
            other = str(best[part])
            if other.startswith("faq/") and other != label and first[part] >= self._thresholds.second:
                also.append(other.partition("/")[2])
        return list(dict.fromkeys(also))[:1]

    def _set(
        self,
        message: Message,
        label: str,
        confidence: float,
        ranking: list[tuple[str, float]],
        reading: Reading,
    ) -> None:
        intent, _, detail = label.partition("/")
        message.set(INTENT, {"name": intent, "confidence": confidence}, add_to_output=True)
        message.set(
            INTENT_RANKING_KEY,
            [{"name": name, "confidence": score} for name, score in ranking],
            add_to_output=True,
        )
        reading = replace(
            reading,
            points=points_back(message.get(FORMS)[0].read),
            language=message.get(LANGUAGE),
            other_language=message.get(OTHER_LANGUAGE),
        )
        message.set(READING, reading.as_json(), add_to_output=True)
        entities = {ENTITY_OF[intent]: detail} if intent in ENTITY_OF and detail else {}
        if intent == AFFIRM:
            entities["clear"] = str(self._is_clear(message)).lower()
        if message.get(LANGUAGE_IS_SURE) and "language" not in entities:
            entities["language"] = message.get(LANGUAGE)
        message.set(ENTITIES, [entity(name, value) for name, value in entities.items()], add_to_output=True)
        if detail:
            # What Rasa's ResponseSelector would say, so that `rasa test` reports for each answer.
            message.set("response_selector", _selected(intent, label, confidence), add_to_output=True)


def _asks(text: str) -> bool:
    """Whether a text ends as a question."""
    return text.rstrip(" .!)…").endswith(("?", "？"))


def _calibrating(labels: Iterable[str], enough: int) -> frozenset[str]:
    """The labels whose questions are held out for the probabilities, from all over: as many as have enough
    examples, and what has no answer."""
    counts = Counter(labels)
    step = max(1, counts.total() // enough)
    return frozenset([*sorted(counts)[::step], NO_ANSWER])


def _ranges(labels: np.ndarray) -> list[slice]:
    """Where each label stands among examples that are sorted by label."""
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
    return [slice(*ends) for ends in zip(starts, [*starts[1:], len(labels)], strict=True)]


def _choice(label: str) -> int | None:
    return int(label.partition("/")[2]) if label.startswith("choose/") else None


def entity(name: str, value: str) -> dict[str, Any]:
    """An entity that no single word of the text stands for."""
    return {
        ENTITY_ATTRIBUTE_TYPE: name,
        ENTITY_ATTRIBUTE_VALUE: value,
        "start": 0,
        "end": 0,
        "extractor": "AnswerClassifier",
    }


def _selected(intent: str, label: str, confidence: float) -> dict[str, Any]:
    response = {
        "responses": [],
        "confidence": confidence,
        "intent_response_key": label,
        "utter_action": f"utter_{label}",
    }
    ranking = [{"confidence": confidence, "intent_response_key": label}]
    return {"all_retrieval_intents": [intent], intent: {"response": response, "ranking": ranking}}
