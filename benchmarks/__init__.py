"""What is measured: speed, accuracy, load; each a script that prints a table."""
