"""Everything that Rasa processes and trainings need, imported once.

They are forked from the process that imports this (see `nlu.processes`): so each is there within
milliseconds instead of the seconds that importing Rasa and TensorFlow takes, and they share its memory.
"""

from __future__ import annotations

import gc

gc.disable()  # what is imported stays: looking through it again and again would be a quarter of the time

from nlu import rasa_environment  # first: Rasa reads it when it is imported

rasa_environment.redact_log()

import nlu.components.classifier
import nlu.components.encoder
import nlu.components.facet_reader
import nlu.components.language
import nlu.components.normaliser
import nlu.components.one_reply_policy
import nlu.components.plan_generator
import nlu.components.rest_channel
import nlu.components.tracker_store
import nlu.runner.rasa_server
import nlu.trainer.train  # noqa: F401 all of these for being there
from nlu.encoder import engines

engines.prepare()

gc.collect()
gc.freeze()  # the collector would write to every object, and so make a copy of it in each process
gc.enable()
