"""Our Rasa components."""
