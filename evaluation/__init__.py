"""How well the bot understands: questions put to it as people do, numbers, and a report."""
