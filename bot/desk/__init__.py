"""What editors do, without a terminal and without HTTP."""
