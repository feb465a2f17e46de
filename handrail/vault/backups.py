"""Backups of the whole installation: the main file and, beside it, the short-lived one of the keystore."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django_tasks import task

from handrail.facts import backups
from handrail.kernel import backup
from handrail.kernel.jobs import attempt
from handrail.vault import keystore_backup

log = logging.getLogger("handrail.backups")


@dataclass(frozen=True)
class Both:
    """What was written: everything but the keys of sealed records, and those."""

    main: backup.Written
    keystore: Path


def make(folder: Path, *, keep: int | None = None, one_recipient: bool = False) -> Both:
    """Write both files now. Of the keystore none is kept longer than a month, whatever `keep` says. Raises `BackupError`."""
    main = backups.make(folder, keep=keep, one_recipient=one_recipient)
    return Both(main, keystore_backup.write(folder, login=settings.BACKUP_LOGIN(), recipients=backups.recipients()))


@task()
def back_up_daily() -> str:
    """The daily backup into `HANDRAIL_BACKUP_FOLDER`, if it is set; the file's name."""
    if not settings.CONFIG.backup_folder:
        return ""
    folder = Path(settings.CONFIG.backup_folder).expanduser()
    written: Both = attempt(lambda: make(folder, keep=settings.CONFIG.backup_keep or None), what="daily backup")
    if written.main.later:
        log.warning("%s says that it was made after today's backup. Is the clock right?", written.main.later[-1])
    return written.main.path.name
