"""From a message to its reply."""
