"""What the bot remembers between two moments: the inbox, and who has which chat in hand."""
