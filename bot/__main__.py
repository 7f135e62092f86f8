"""`python -m bot`."""

import gc

from bot.cli import main

if __name__ == "__main__":
    # What a command imports stays: with Python's own threshold the collector looks through it again and
    # again, a seventh of the start.
    gc.set_threshold(20_000)
    main()
