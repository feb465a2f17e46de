"""Django's settings. What a programme can set is in `handrail.kernel.config`; the rest is the same everywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf.locale import LANG_INFO

from handrail.kernel.config import REPOSITORY, ConfigError, from_environment
from handrail.kernel.crypto import key
from handrail.kernel.database import parse_url
from handrail.kernel.embedded_postgres import EmbeddedPostgres

CONFIG = from_environment()

ROOMS = [
    "handrail.facts",
    "handrail.vault",
    "handrail.ledgers.stock",
    "handrail.services.exchange",
    "handrail.services.naloxone",
    "handrail.insight",
    "handrail.screens.aid",
]
"""The rooms of the house, in the order of the menu. Adding a room is a folder and one line here."""

REACTORS = [
    "handrail.ledgers.stock.reactor.StockReactor",
    "handrail.facts.referrals.ReferralRules",
    "handrail.facts.people_reactor.PeopleReactor",
    "handrail.facts.wishes_reactor.WishesReactor",
    "handrail.facts.room_reactor.RoomReactor",
]
"""What runs with every fact, in this order: the ledger first, because it may refuse."""

INSTALLED_APPS = [
    "handrail.kernel",
    *ROOMS,
    "handrail.gates",
    "handrail.screens",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "handrail.screens.allauth_apps.AllauthAccount",
    "handrail.screens.allauth_apps.AllauthFactors",
    "django_tasks",
    "django_tasks_db",
]

TENANT_MODEL = "facts.Organisation"
AUTH_USER_MODEL = "facts.Staff"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",  # docs/decisions/0018
    "handrail.kernel.web.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "handrail.kernel.web.SignIn",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "handrail.kernel.web.Gate",
]
ROOT_URLCONF = "handrail.urls"
WSGI_APPLICATION = "handrail.wsgi.application"
SECRET_KEY = key(CONFIG.keys, "django").hex()
DEBUG = False
ALLOWED_HOSTS = list(CONFIG.hostnames)

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [REPOSITORY / "handrail" / "kernel" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "handrail.kernel.web.page_context"],
            "builtins": ["handrail.kernel.template_tags"],
        },
    }
]

# -- the database: one alias; the role decides what it may do ---------------------------------------------------------


def embedded() -> EmbeddedPostgres:
    """The embedded server of this programme."""
    return EmbeddedPostgres(CONFIG.var / "postgres")


def _login(role: str) -> dict[str, Any]:
    urls = {"owner": CONFIG.owner_database_url, "backup": CONFIG.backup_database_url, "purge": CONFIG.purge_database_url}
    url = urls.get(role, CONFIG.database_url)
    if url:
        return parse_url(url)
    if CONFIG.database_url:
        lacks = {"backup": "a backup needs the role that reads everything", "purge": "the nightly purge needs a role of its own"}[role]
        raise ConfigError(f"HANDRAIL_DATABASE_URL is set, but HANDRAIL_{role.upper()}_DATABASE_URL is not; {lacks}.")
    server = embedded()
    if not (server.folder / "passwords.json").exists():
        return {"HOST": str(server.socket), "USER": f"handrail_{role}", "PASSWORD": "", "NAME": "handrail"}
    return server.login(role).as_django()


def OWNER_LOGIN() -> dict[str, Any]:
    """How to connect as the role that owns the tables."""
    return _login("owner")


def MAKE_DATABASE(name: str) -> bool:
    """Make an empty database beside ours in the embedded server; False where the server is somebody else's."""
    if CONFIG.database_url:
        return False
    embedded().create_database(name)
    return True


def BACKUP_LOGIN() -> dict[str, Any]:
    """How to connect as the role that reads everything, for backups alone."""
    return _login("backup")


def PURGE_LOGIN() -> dict[str, Any]:
    """How to connect as the role of the nightly purge."""
    return _login("purge")


_APP = _login("app")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        **_APP,
        "OPTIONS": {
            # Django switches prepared statements off; the door depends on them (TRAPS.md 8).
            "server_side_binding": True,
            "prepare_threshold": 3,
            "application_name": "handrail",
            # Planning a prepared statement anew costs more than running it (1.4 ms against 0.3 for the shelf's query).
            "options": "-c plan_cache_mode=force_generic_plan",
            **_APP.get("OPTIONS", {}),
        },
    }
}

# -- sign-in -----------------------------------------------------------------------------------------------------------

SESSION_ENGINE = "handrail.kernel.sessions"
SESSION_COOKIE_AGE = CONFIG.session_hours * 3600
SESSION_COOKIE_NAME = "__Host-handrail" if CONFIG.https else "handrail"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = "__Host-handrail-csrf" if CONFIG.https else "handrail-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "handrail.kernel.web.csrf_failure"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "handrail.screens.passwords.LongEnough"},
    {"NAME": "handrail.screens.passwords.NotEasyToGuess"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
SIGN_IN_AGAIN_VIEW = "handrail.screens.console.sign_in.again"
GUARD = "handrail.screens.console.step_up.guard"
"""Called with request and view inside the scope: what stands before the view, such as proving again who one is, or None."""
NOTICES = "handrail.screens.console.notices.of"
"""Called with the actor for every page that is rendered inside a scope: lines that stand above it."""
FIGURES = "handrail.screens.console.figures.of"
"""Called with the actor and keys of indicators: numbers of the last quarter, for a page of a room, which knows no indicator itself."""
# allauth: its table of second factors and its checks, behind our own pages. No e-mail, no sign-up, no reset by mail.
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "handrail.screens.sign_in_adapter.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODE_DIGITS = 10
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.behind_proxy else None

# -- language and time -------------------------------------------------------------------------------------------------

LANGUAGES = [(code, str(LANG_INFO.get(code, {}).get("name_local", code)).capitalize()) for code in CONFIG.languages]
LANGUAGE_CODE = CONFIG.languages[0]
LOCALE_PATHS = [REPOSITORY / "handrail" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = CONFIG.time_zone
USE_THOUSAND_SEPARATOR = True

# -- files ---------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = CONFIG.var / "static"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "handrail.kernel.static_files.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# -- jobs ------------------------------------------------------------------------------------------------------------------

ERRANDS = "errands"
"""The queue of what somebody at a screen waits for."""
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", ERRANDS]}}

# -- logs: an allow-list of fields; never a request body, never an address of a person ------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"careful": {"()": "handrail.kernel.logs.Careful"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "careful"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "django.request": {"level": "ERROR", "handlers": ["stderr"], "propagate": False},
        "django.security": {"level": "ERROR", "handlers": ["stderr"], "propagate": False},
        "handrail": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
    },
}

DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 4_000_000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
"""What is uploaded is never written to a disk: a request with more than fits in memory arrives without its files."""

JOBS = [
    ("handrail.insight.jobs.refresh_numbers", timedelta(hours=1)),
    ("handrail.facts.jobs.seal_access_logs", timedelta(hours=1)),
    ("handrail.facts.unusual.make_digests", timedelta(hours=6)),
    ("handrail.facts.glass.suspend_all_unreviewed", timedelta(minutes=15)),
    ("handrail.facts.jobs.verify_chains", timedelta(days=1)),
    ("handrail.facts.jobs.forget_hints", timedelta(days=1)),
    ("handrail.facts.jobs.clear_sessions", timedelta(hours=6)),
    ("handrail.insight.forgetting.purge_what_is_due", timedelta(days=1)),
    ("handrail.services.naloxone.public_reports.take_in_all", timedelta(hours=6)),
    ("handrail.vault.jobs.open_inbox", timedelta(minutes=5)),
    ("handrail.vault.jobs.rotate_inbox_keys", timedelta(days=1)),
    ("handrail.vault.backups.back_up_daily", timedelta(days=1)),
]
"""What runs by itself, and how often: the dotted path of a django-tasks task, and the time between two runs."""
