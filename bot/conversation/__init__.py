"""Message in, reply out, the same for every channel."""
