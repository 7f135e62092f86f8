"""Runs models: Rasa processes with one model each, messages put to them, and changes from one to another.

Nothing here imports the trainer: a runner may stand on a machine of its own.
"""
