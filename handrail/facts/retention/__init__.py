"""What of the facts layer is kept how long: one class a file."""
