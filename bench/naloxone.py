"""A million doses in four hundred bags: handing out, every balance, what of a recalled lot is still out, the forecast, the overview.

Each is printed beside plain SQL that answers the same question from the same rows of the same run, and must give the same
answer; then how each grew from ten thousand doses.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench._server import ROOT


def main() -> None:
    """Print a line for each size, and what grew."""
    with tempfile.TemporaryDirectory(prefix="hrbench") as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(Path(folder) / "var")}
        subprocess.run([sys.executable, "-m", "bench._naloxone_step"], env=environment, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
