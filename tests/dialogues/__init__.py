"""Conversations as people have them, and what a good bot answers: a file for each kind.

A turn is what the person writes (`user`) or the button they press (`button`, by its label), and what is
expected of the first card of the reply. What is left out is not checked; null means that there is none;
a list means that each of its values is right, where the public interface leaves it open.
"""
