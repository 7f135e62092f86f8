"""What the bot remembers between two moments: the inbox, the outbox, and what people leave on purpose."""
