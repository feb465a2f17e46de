"""Typed settings: everything a programme can set from outside, read once from the environment.

Each setting is a field with a sentence that says what it does; `docs/reference/settings.md` is made from them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

ENGINES = ("duckdb", "spark", "postgres")
LEAST_MEMORY_MB = 512
"""What Spark's driver needs to start at all."""


class ConfigError(ValueError):
    """A setting cannot be read; the message says which one and what it may hold."""


def _setting(default: object, help_text: str) -> object:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True)
class Config:
    """What a programme can set. Field `var` is read from `HANDRAIL_VAR`, and so on."""

    var: Path = _setting(  # type: ignore[assignment]
        REPOSITORY / "var", "Folder for the embedded database, keys, logs and the warehouse."
    )
    database_url: str = _setting(  # type: ignore[assignment]
        "", "PostgreSQL for the application's role; empty means the embedded one under `var`."
    )
    owner_database_url: str = _setting(  # type: ignore[assignment]
        "", "PostgreSQL for the role that owns the tables and migrates; only with `database_url`."
    )
    backup_database_url: str = _setting(  # type: ignore[assignment]
        "", "PostgreSQL for the role that reads everything for backups; only with `database_url`."
    )
    purge_database_url: str = _setting(  # type: ignore[assignment]
        "", "PostgreSQL for the role that forgets what is past its period; only with `database_url`."
    )
    keystore_database: str = _setting(  # type: ignore[assignment]
        "", "Name of the keystore's database on the same server; empty means the main one's name and “_keystore”."
    )
    lock_idle_minutes: int = _setting(  # type: ignore[assignment]
        30, "In high-risk mode: minutes without use after which the vault locks itself; 0 for never."
    )
    lock_nightly: str = _setting(  # type: ignore[assignment]
        "03:00", "In high-risk mode: time of day at which the vault locks itself in any case; empty for never."
    )
    backup_folder: str = _setting("", "Folder the daily backup is written to; empty means none is made by itself.")  # type: ignore[assignment]
    backup_keep: int = _setting(14, "How many daily backups are kept; 0 keeps all.")  # type: ignore[assignment]
    host: str = _setting("127.0.0.1", "Address the server listens on.")  # type: ignore[assignment]
    port: int = _setting(8000, "Port the server listens on.")  # type: ignore[assignment]
    workers: int = _setting(2, "Server processes.")  # type: ignore[assignment]
    hostnames: tuple[str, ...] = _setting(  # type: ignore[assignment]
        ("localhost", "127.0.0.1"), "Names the server answers to, separated by commas."
    )
    https: bool = _setting(  # type: ignore[assignment]
        False, "True when people reach the server over HTTPS; without it only this machine may connect."
    )
    behind_proxy: bool = _setting(  # type: ignore[assignment]
        False, "True when a proxy in front ends HTTPS and sets X-Forwarded-Proto."
    )
    languages: tuple[str, ...] = _setting(("en", "es"), "Languages offered, by code, first is the default.")  # type: ignore[assignment]
    time_zone: str = _setting("UTC", "Time zone where no site gives one.")  # type: ignore[assignment]
    session_idle_minutes: int = _setting(10, "Minutes without a click after which sign-in is asked again.")  # type: ignore[assignment]
    session_hours: int = _setting(12, "Hours after which sign-in is asked again in any case.")  # type: ignore[assignment]
    public_threshold: int = _setting(  # type: ignore[assignment]
        11, "Smallest group of people a shared number may show; can only be raised."
    )
    engine: str = _setting("duckdb", "What computes the numbers: duckdb, spark or postgres. The answers are the same.")  # type: ignore[assignment]
    engine_memory_mb: int = _setting(1500, "Most memory the engine may use, in megabytes.")  # type: ignore[assignment]
    spark_master: str = _setting("local[*]", "Where Spark runs; local[*] is this machine, with all its cores.")  # type: ignore[assignment]

    @property
    def keys(self) -> Path:
        """Folder of the key files, readable by this user alone."""
        return self.var / "keys"

    @property
    def warehouse(self) -> Path:
        """Folder of the Parquet files."""
        return self.var / "warehouse"


def from_environment(environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings; an unreadable one raises `ConfigError` with a sentence."""
    source = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for item in fields(Config):
        raw = source.get(f"HANDRAIL_{item.name.upper()}")
        if raw is not None:
            values[item.name] = _parse(item.name, raw, item.default)
    config = Config(**values)  # type: ignore[arg-type]
    if config.public_threshold < Config.public_threshold:
        raise ConfigError(
            f"HANDRAIL_PUBLIC_THRESHOLD is {config.public_threshold}; it can only be raised above "
            f"{Config.public_threshold}."
        )
    if config.lock_nightly and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", config.lock_nightly):
        raise ConfigError(f"HANDRAIL_LOCK_NIGHTLY is “{config.lock_nightly}”; write a time such as 03:00, or nothing.")
    if config.engine not in ENGINES:
        raise ConfigError(f"HANDRAIL_ENGINE is “{config.engine}”; it can be {', '.join(ENGINES)}.")
    if config.engine_memory_mb < LEAST_MEMORY_MB:
        raise ConfigError(f"HANDRAIL_ENGINE_MEMORY_MB is {config.engine_memory_mb}; no engine works with less than {LEAST_MEMORY_MB}.")
    if config.database_url and not config.owner_database_url:
        raise ConfigError("HANDRAIL_DATABASE_URL is set, but HANDRAIL_OWNER_DATABASE_URL is not; migrating needs the owner's role.")
    return config


def _parse(name: str, raw: str, default: object) -> object:
    variable = f"HANDRAIL_{name.upper()}"
    if isinstance(default, bool):
        if raw.lower() in {"1", "true", "yes"}:
            return True
        if raw.lower() in {"0", "false", "no", ""}:
            return False
        raise ConfigError(f"{variable} is “{raw}”; write yes or no.")
    if isinstance(default, int):
        try:
            number = int(raw)
        except ValueError:
            raise ConfigError(f"{variable} is “{raw}”; write a whole number.") from None
        if number < 0:
            raise ConfigError(f"{variable} is {number}; it cannot be negative.")
        return number
    if isinstance(default, tuple):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(default, Path):
        return Path(raw).expanduser().resolve()
    return raw
