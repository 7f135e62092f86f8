"""From plans and content to cards."""
