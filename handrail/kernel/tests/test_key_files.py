"""A key file is there whole or not at all, for this user alone, and a backup takes no half of one along."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

from handrail.kernel import backup, crypto


def test_many_who_make_the_same_key_at_once_all_get_one_and_the_same(tmp_path):
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _n: crypto.key.__wrapped__(folder, "device"), range(64)))
    assert [len(one) for one in found] == [32]
    assert [path.name for path in folder.iterdir()] == ["device.key"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder / "device.key", folder)] == [0o600, 0o700]


def test_a_backup_takes_every_key_and_nothing_half_made(tmp_path):
    names = ("lookup", "second-factor", "set-up", "device", "link", "throttle", "django")
    for name in names:
        crypto.key.__wrapped__(tmp_path, name)
    (tmp_path / ".device.key.0123").write_bytes(b"half")
    (tmp_path / "link.key.replaced-20260101T000000Z").write_bytes(b"old")
    assert set(backup._key_files(tmp_path)) == {f"{name}.key" for name in names}
