"""The editors' directory: its schema, the library that loads it, and the check that reads it over."""
