"""From a picture that somebody sends to the words in it."""
