"""One file, one indicator."""
