"""What asks the Parquet files: one engine a file, chosen by one setting. `tables.py` is the only user.

An engine is imported when it is asked for, so that nobody needs Java or Spark who does not use it.
"""

from __future__ import annotations

import importlib

from django.conf import settings

from handrail.insight.engines.base import Engine, EngineMissing

__all__ = ["Engine", "EngineMissing", "open_engine"]


def open_engine(name: str = "") -> Engine:
    """A new connection of the engine of this name, or of `HANDRAIL_ENGINE`; raises `EngineMissing` with a sentence."""
    module = importlib.import_module(f"handrail.insight.engines.{name or settings.CONFIG.engine}")
    engine: Engine = module.ENGINE()
    return engine
