"""What is reached outside a conversation: pages, feeds, pictures."""
