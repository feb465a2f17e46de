"""One file for each format in which a release leaves the house."""
