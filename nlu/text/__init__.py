"""Texts as they are compared: their letters, words and sentences."""
