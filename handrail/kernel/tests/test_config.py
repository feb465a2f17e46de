"""Settings that cannot work are refused with a sentence before anything starts."""

from __future__ import annotations

import pytest

from handrail.kernel.config import ConfigError, from_environment


def test_the_engine_is_one_that_exists():
    assert from_environment({"HANDRAIL_ENGINE": "spark"}).engine == "spark"
    with pytest.raises(ConfigError, match="HANDRAIL_ENGINE is “oracle”; it can be duckdb, spark, postgres"):
        from_environment({"HANDRAIL_ENGINE": "oracle"})


def test_an_engine_has_memory_enough_to_start():
    with pytest.raises(ConfigError, match="no engine works with less than 512"):
        from_environment({"HANDRAIL_ENGINE_MEMORY_MB": "100"})
