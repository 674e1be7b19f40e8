"""Runs what CI runs: `python3 scripts/check.py [tests] [static] [package] [frameworks]`, `tests` by default.

Each leg has a virtual environment of its own, with the exact packages of a lock file, which is kept for the next time.
The exit code is 77 when that could not be made (no network): the leg did not run. This needs the standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CACHE = HERE.parent.parent / "node_modules" / ".cache" / "verdict-sdk-python"
SKIPPED = 77
FRAMEWORK_FILES = [
    *(f"src/verdict_sdk/{name}.py" for name in ("langchain", "openai_agents")),
    *(f"tests/frameworks/test_{name}.py" for name in ("langchain", "openai_agents")),
]


def main(names: Sequence[str]) -> int:
    unknown = set(names) - LEGS.keys()
    if unknown:
        print(f"there is no leg {', '.join(sorted(unknown))}; there are {', '.join(LEGS)}", file=sys.stderr)
        return 2
    for name in names or ["tests"]:
        lock, run = LEGS[name]
        python = environment(lock)
        if python is None:
            print(f"skipped: {name}, because the packages of requirements/{lock}.txt could not be installed")
            return SKIPPED
        try:
            run(python)
        except subprocess.CalledProcessError as error:
            print(f"failed: {name} ({error})", file=sys.stderr)
            return 1
        print(f"passed: {name}", flush=True)
    return 0


def run_tests(python: Path) -> None:
    call(python, "-m", "pytest", "-q", "--ignore=tests/frameworks")


def run_static(python: Path) -> None:
    call(python, "-m", "ruff", "check", "--no-cache", ".")
    call(python, "-m", "ruff", "format", "--no-cache", "--check", ".")
    call(python, "-m", "mypy", f"--cache-dir={CACHE / 'mypy'}")
    call(python, "scripts/generate.py", "--check")


def run_package(python: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        call(python, "-m", "build", "--no-isolation", "--outdir", folder, ".")
        files = sorted(str(path) for path in Path(folder).iterdir())
        call(python, "-m", "twine", "check", "--strict", *files)
        target = Path(folder) / "installed"
        wheel = next(path for path in files if path.endswith(".whl"))
        call(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", f"--target={target}", wheel)
        words = "import importlib.resources as r, verdict_sdk as v; assert r.files(v).joinpath('py.typed').is_file()"
        call(python, "-c", words, PYTHONPATH=str(target))


def run_frameworks(python: Path) -> None:
    call(python, "-m", "pytest", "-q", "tests/frameworks")
    call(python, "-m", "mypy", f"--cache-dir={CACHE / 'mypy-frameworks'}", *FRAMEWORK_FILES)


LEGS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "tests": ("test", run_tests),
    "static": ("dev", run_static),
    "package": ("dev", run_package),
    "frameworks": ("frameworks", run_frameworks),
}


def call(python: Path, *arguments: str, **env: str) -> None:
    bytecode = {"PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([str(python), *arguments], cwd=HERE, env={**os.environ, **bytecode, **env}, check=True)


def environment(lock: str) -> Path | None:
    """The interpreter of the environment of a lock file. None: it cannot be made."""
    file = HERE / "requirements" / f"{lock}.txt"
    digest = hashlib.sha256(file.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = CACHE / f"{lock}-{digest}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # Made elsewhere and moved: what is there is whole. `python -m` does not mind where the folder was made.
    if python.exists():
        return python
    CACHE.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        venv.create(made, with_pip=True)
        inside = made / python.relative_to(folder)
        options = ["-q", "--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary=:all:"]
        subprocess.run([str(inside), "-m", "pip", "install", *options, "-r", str(file)], check=True)
        made.rename(folder)
    except (subprocess.CalledProcessError, OSError) as error:
        print(error, file=sys.stderr)
        shutil.rmtree(made, ignore_errors=True)
    return python if python.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
