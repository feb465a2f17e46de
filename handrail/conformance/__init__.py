"""What holds for every room, kind, indicator and page for ever: tests that walk the registries, and the checks of `make check`."""
