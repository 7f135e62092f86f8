"""Makes models: from what is taught to a file, with a validation before anybody may be answered by it."""
