"""Spark: for a country whose facts are more than one machine reads in a night. Java and `pyspark` are not part of the base installation.

With the default master `local[*]` everything happens on this machine: it listens on 127.0.0.1 alone, asks for a secret
and contacts nobody. With a cluster's address the folder of the warehouse has to be reachable under the same path there.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from django.conf import settings

from handrail.insight.engines.base import Engine, EngineMissing, quiet

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark says that it was not tried with this pandas; we fetch Arrow
        from ibis.backends.pyspark.datatypes import PySparkSchema
        from pyspark.sql import SparkSession
except ImportError as error:
    raise EngineMissing("HANDRAIL_ENGINE is spark, but pyspark is not installed here. Install it: .venv/bin/pip install pyspark==4.3.0") from error

_LOG = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d %p %c: %m%n
"""


class Spark(Engine):
    """A session of its own on the Spark of this process. Whoever started Spark stops it."""

    language = "spark"

    def __init__(self) -> None:
        super().__init__()
        self._started = SparkSession.getActiveSession() is None
        self._session = start().newSession()
        with quiet():
            self.con = ibis.pyspark.connect(self._session)

    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> str:
        """All files as one view. The schema is known, so that no file is opened to ask."""
        described = PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(schema))
        return self._named(self._session.read.schema(described).parquet(*map(str, files)))

    def empty(self, schema: pa.Schema) -> str:
        """A view without rows."""
        return self._named(self._session.createDataFrame([], PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(schema))))

    def view(self, text: str) -> str:
        """A view of this session."""
        return self._named(self._session.sql(text))

    def kept(self, text: str) -> str:
        """Computed now and kept by Spark's executors without the plan that led there: plans that grow take longer than the work."""
        return self._named(self._session.sql(text).localCheckpoint())

    def together(self, texts: Sequence[str]) -> str:
        """Each for itself: of one large plan Spark takes far longer."""
        return self.view(" UNION ALL ".join(f"TABLE {self.kept(text)}" for text in texts))

    def fetch(self, text: str, schema: Any) -> list[dict[str, Any]]:
        """Straight to Arrow: Ibis goes by pandas."""
        with quiet():
            found: list[dict[str, Any]] = self._session.sql(text).toArrow().to_pylist()
        return found

    def close(self) -> None:
        """Stop Spark if it was started for this; what was kept goes when nobody names it."""
        for table in self._session.catalog.listTables():
            self._session.catalog.dropTempView(table.name)
        if self._started:
            stop()

    def _named(self, frame: Any) -> str:
        name = self.next_name()
        frame.createOrReplaceTempView(name)
        return name


ENGINE = Spark


def _folder() -> Path:
    """Where the Spark of this process keeps what does not fit into memory: its own, so that nobody else clears it away."""
    folder: Path = settings.CONFIG.var / "spark" / str(os.getpid())
    return folder


def start() -> Any:
    """The Spark of this process, started if it does not run."""
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise EngineMissing("HANDRAIL_ENGINE is spark, but there is no Java on this machine. Install Java 17 or newer: apt install default-jre-headless")
    config = settings.CONFIG
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "log4j2.properties"
    log.write_text(_LOG)
    chosen = {
        "spark.sql.session.timeZone": "UTC", "spark.sql.catalogImplementation": "in-memory", "spark.sql.warehouse.dir": str(folder / "tables"),
        "spark.local.dir": str(folder), "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": f"{config.engine_memory_mb}m", "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log.as_uri()}",
        # Spark looks in a union of checkpoints for columns that only their plans of before had, and fails.
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.sql.parquet.filterPushdown": "true", "spark.sql.autoBroadcastJoinThreshold": "32m",
    }
    if config.spark_master.startswith("local"):
        cores = os.cpu_count() or 1
        chosen |= {
            "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.authenticate": "true",
            "spark.sql.shuffle.partitions": str(cores), "spark.default.parallelism": str(cores),
        }
    builder = SparkSession.builder.master(config.spark_master).appName("handrail")
    for name, value in chosen.items():
        builder = builder.config(name, value)
    with quiet():
        return builder.getOrCreate()


def stop() -> None:
    """Stop the Spark of this process and remove what it wrote."""
    running = SparkSession.getActiveSession()
    if running is not None:
        running.stop()
    with suppress(FileNotFoundError):
        shutil.rmtree(_folder())
