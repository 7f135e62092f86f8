"""The Rasa side as the bot sees it: what it learns from, what it is asked, what it answers."""
