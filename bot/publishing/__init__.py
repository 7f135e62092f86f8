"""Publishing: what is live and what became of a change, for editors; their commands for it."""
