"""`make bench`: run every benchmark of this folder."""

from __future__ import annotations

import importlib
import pkgutil

import bench

for info in pkgutil.iter_modules(bench.__path__):
    if not info.name.startswith("_"):
        print(f"== {info.name}", flush=True)
        importlib.import_module(f"bench.{info.name}").main()
