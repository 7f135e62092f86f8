"""What is kept: the inbox and what it leads to, and for how long."""
