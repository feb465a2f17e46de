"""The service rooms. They do not import one another; they meet in facts."""
