"""What `make run` does before anything runs: a Python that is new enough, and an environment that is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, until

_MODULES = 1000
MAKING = "Installing into .venv. This takes a minute or two.\n"
_BACKEND = """
import pathlib, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "project-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("project.py", "")
        wheel.writestr("project-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: project\\nVersion: 1\\n")
        wheel.writestr("project-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("project-1.dist-info/RECORD", "")
    return name
"""


class Checkout:
    """The Makefile as it is, in a checkout that needs one package, which is beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "k8s/deploy.mk", "requirements/install"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / "web/frontend").mkdir(parents=True)
        (folder / "backend.py").write_text(_BACKEND)
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        )
        wheel = folder / "large-1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr("large-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: large\nVersion: 1\n")
            file.writestr("large-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            for number in range(_MODULES):
                file.writestr(f"large/m{number:04}.py", "x = 1\n" * 50)
            file.writestr("large-1.dist-info/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (folder / "requirements/run.txt").write_text(f"large==1 --hash=sha256:{digest}\n")

    def make(self, *arguments: str, path: str = "") -> subprocess.Popen[str]:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON"))},
            "PATH": f"{path}{os.pathsep}{os.environ['PATH']}" if path else os.environ["PATH"],
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder),
        }
        return subprocess.Popen(
            ["make", *arguments, ".venv/.installed-run"],
            cwd=self.folder, env=environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    @property
    def modules(self) -> int:
        return sum(path.stat().st_size > 0 for path in self.folder.glob(".venv/lib/*/site-packages/large/m*.py"))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def output(made: subprocess.Popen[str]) -> tuple[bool, str]:
    said, _ = made.communicate(timeout=300)
    return made.returncode == 0, said


def is_installed(checkout: Checkout) -> bool:
    return checkout.modules == _MODULES and not (checkout.folder / ".venv/.unfinished").exists()


def test_an_old_python_is_named_with_what_to_do_and_leaves_nothing(checkout: Checkout, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\nif [ "$1" = -V ]; then echo Python 3.10.13; else exit 1; fi\n')
    old.chmod(0o755)
    succeeded, said = output(checkout.make(path=str(old.parent)))
    assert not succeeded
    assert "Python 3.11 or newer is needed, but python3 is Python 3.10.13." in said
    assert "PYTHON=" in said
    assert not (checkout.folder / ".venv").exists()
    assert output(checkout.make(f"PYTHON={sys.executable}", path=str(old.parent))) == (True, MAKING)
    assert is_installed(checkout)


def test_a_python_that_is_not_there_is_named(checkout: Checkout) -> None:
    succeeded, said = output(checkout.make("PYTHON=python9"))
    assert (succeeded, "but there is no python9." in said) == (False, True)
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_install_that_was_cut_short_spoils_nothing(checkout: Checkout, how: signal.Signals) -> None:
    made = checkout.make(f"PYTHON={sys.executable}")
    until(lambda: checkout.modules > 0, 300)
    os.killpg(made.pid, how)
    made.communicate(timeout=300)
    assert not is_installed(checkout)
    assert output(checkout.make(f"PYTHON={sys.executable}")) == (True, MAKING)
    assert is_installed(checkout)


def test_an_install_that_failed_spoils_nothing(checkout: Checkout) -> None:
    wheel = checkout.folder / "large-1-py3-none-any.whl"
    away = wheel.rename(checkout.folder / "away")
    succeeded, said = output(checkout.make(f"PYTHON={sys.executable}"))
    assert (succeeded, "No matching distribution" in said) == (False, True)
    away.rename(wheel)
    assert output(checkout.make(f"PYTHON={sys.executable}")) == (True, MAKING)
    assert is_installed(checkout)


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    assert output(checkout.make(f"PYTHON={sys.executable}")) == (True, MAKING)
    (checkout.folder / ".venv/bin/python").unlink()
    (checkout.folder / ".venv/bin/python").symlink_to("/nowhere/python3")
    assert output(checkout.make(f"PYTHON={sys.executable}")) == (True, MAKING)
    assert is_installed(checkout)
    assert "up to date" in output(checkout.make(f"PYTHON={sys.executable}"))[1]
