"""Scripts that name other scripts find them under the names that browsers ask for."""

from __future__ import annotations

import posixpath
import re
import shutil
from pathlib import Path

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage

from handrail.kernel.static_files import StaticFiles

HERE = Path(__file__).parents[1] / "static"


def test_every_import_names_a_file_that_is_there(tmp_path):
    names = [path.relative_to(HERE).as_posix() for path in HERE.rglob("*.js")]
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    source = StaticFilesStorage(location=str(HERE), base_url="/static/")
    made = StaticFiles(location=str(tmp_path), base_url="/static/")
    faults = [error for _name, _made, error in ManifestStaticFilesStorage.post_process(made, {name: (source, name) for name in names}) if isinstance(error, Exception)]
    assert faults == []
    followed = 0
    for name in names:
        served = made.hashed_files[made.hash_key(name)]
        for wanted in re.findall(r'from "(\.[^"]+)"', (tmp_path / served).read_text()):
            followed += 1
            path = posixpath.normpath(posixpath.join(posixpath.dirname(served), wanted))
            assert path in made.hashed_files.values(), f"{name} imports {wanted}"
            assert (tmp_path / path).exists()
    assert followed > 30
