"""Writes the types from `openapi/openapi.json`; with `--check` only compares, and fails when they differ.

It needs the generator of `requirements/dev.txt`; without it, it says that it is skipped, and fails under `CI=true`.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SOURCE = HERE.parent.parent / "openapi" / "openapi.json"
TARGET = HERE / "src" / "verdict_sdk" / "_generated" / "models.py"
OPTIONS = [
    "--input-file-type=openapi",
    "--output-model-type=typing.TypedDict",
    "--target-python-version=3.10",
    "--use-standard-collections",
    "--use-union-operator",
    "--enum-field-as-literal=all",
    "--no-use-closed-typed-dict",
    "--use-schema-description",
    "--use-field-description",
    "--disable-timestamp",
    "--formatters=builtin",
]
# `typing` has it from Python 3.11 on: only before that is another package needed at run time.
NOT_REQUIRED = "from typing_extensions import NotRequired\n"
NOT_REQUIRED_BY_VERSION = """\
if sys.version_info >= (3, 11):
    from typing import NotRequired
else:
    from typing_extensions import NotRequired
"""


def main() -> int:
    if importlib.util.find_spec("datamodel_code_generator") is None:
        print("skipped: the generator is not installed (pip install -r requirements/dev.txt)")
        return 1 if os.environ.get("CI") == "true" else 0
    text = generate()
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.name} is not what the specification gives: run scripts/generate.py", file=sys.stderr)
    return 1


def generate() -> str:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "models.py"
        command = [
            sys.executable,
            "-m",
            "datamodel_code_generator",
            f"--input={SOURCE}",
            f"--output={output}",
            *OPTIONS,
        ]
        subprocess.run(command, check=True)
        text = output.read_text(encoding="utf-8")
    if NOT_REQUIRED not in text:
        raise SystemExit("the generator imports NotRequired in another way by now")
    text = text.replace(NOT_REQUIRED, NOT_REQUIRED_BY_VERSION)
    return text.replace("from typing import Any", "import sys\nfrom typing import Any", 1)


if __name__ == "__main__":
    sys.exit(main())
