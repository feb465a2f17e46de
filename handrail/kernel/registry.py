"""Registries that fill themselves from folders of our own package.

A registry holds one object per file. The key is made from the file's name, so that a thing is found where its name
says; two files with the same key, or a file without its object, stop the start.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class RegistryError(RuntimeError):
    """A file in a registry's folder breaks the rules; the message names it."""


class Registry(Generic[T]):
    """All objects named `attribute` in the modules of `packages`, by key.

    `packages` gives (prefix, package name) pairs; the key is `prefix.module`, or `module` when the prefix is empty.
    """

    def __init__(self, attribute: str, expected: type[T], packages: Callable[[], list[tuple[str, str]]]) -> None:
        self._attribute = attribute
        self._expected = expected
        self._packages = packages
        self._found: dict[str, T] | None = None

    def _load(self) -> dict[str, T]:
        found: dict[str, T] = {}
        for prefix, package_name in self._packages():
            if not package_name.startswith("handrail."):
                raise RegistryError(f"{package_name} is not a package of ours; registries scan only handrail.")
            package = importlib.import_module(package_name)
            for info in pkgutil.iter_modules(package.__path__):
                if info.name.startswith("_"):
                    continue
                key = f"{prefix}.{info.name}" if prefix else info.name
                module = importlib.import_module(f"{package_name}.{info.name}")
                value = getattr(module, self._attribute, None)
                if not isinstance(value, self._expected):
                    raise RegistryError(f"{module.__file__} has no {self._attribute} of type {self._expected.__name__}.")
                if key in found:
                    raise RegistryError(f"Two files give {self._attribute} “{key}”; {module.__file__} is the second.")
                bind = getattr(value, "bind_key", None)
                if bind is not None:
                    bind(key)
                found[key] = value
        return dict(sorted(found.items()))

    def all(self) -> dict[str, T]:
        """Every object by key, in the order of keys."""
        if self._found is None:
            self._found = self._load()
        return self._found

    def get(self, key: str) -> T | None:
        """The object of this key, or None."""
        return self.all().get(key)

    def __getitem__(self, key: str) -> T:
        return self.all()[key]

    def __iter__(self) -> Iterator[T]:
        return iter(self.all().values())

    def reload(self) -> None:
        """Forget what was found, so that the folders are read again (a test adds a file)."""
        importlib.invalidate_caches()
        for _, package_name in self._packages():
            package = sys.modules.get(package_name)
            if package is not None:
                sys.path_importer_cache.clear()
        self._found = None
