"""What the numbers of an evaluation are to reach."""

from __future__ import annotations

GOAL_FIRST = 0.97
GOAL_AMONG = 0.985
GOAL_STYLE = 0.95
GOAL_OUT_OF_SCOPE = 0.96
GOAL_SMALL_TALK = 0.98
"""Shares, from 0 to 1: of the questions that have an answer, those that get it first, and those that get it
first, second or among the choices; of each style, those that get it first; of what is out of scope, what is
not answered; of small talk, what is recognised."""

GOAL_PLAIN = {"vi": 0.98, "en": 0.97}
"""As GOAL_STYLE, of the plain questions of each language."""

GOAL_LANGUAGE = {"plain": 0.99, "no_diacritics": 0.97}
"""Of the questions of these styles, the share that is replied to in its language."""

GOAL_WARDS = 0.95
"""Of the questions about wards and communes, the share that is answered with the right units."""

GOAL_CALIBRATION = 0.05
"""The expected calibration error, at most."""

GOAL_RASA_SECONDS = 0.030
"""Within which half of the replies are there, at most."""
