"""Text: cleaned, compared, and with a style."""
