"""Makes `.venv` from the lock file and finds (or fetches) a browser for the page tests. Standard library only.

Run by `make`; says in words what is missing and how to get it. Needs no root: only the browser may ask for it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".made-from"
UV = "uv==0.13.9"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def say(text: str) -> None:
    print(f"xiaodan: {text}", flush=True)


def fail(text: str) -> None:
    say(text)
    sys.exit(1)


def environment() -> None:
    """`.venv`, exactly as the lock file says. Does nothing when it is already so."""
    wanted = hashlib.sha256((ROOT / "uv.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted and (VENV / "bin" / "xiaodan").exists():
        return
    if sys.version_info < (3, 11):
        fail(
            f"needs Python 3.11 or newer, this is {sys.version.split()[0]}. Install one (Debian: apt install python3 "
            "python3-venv; others: python.org), or say which with: make PYTHON=/path/to/python3.12 …"
        )
    if not (VENV / "bin" / "python").exists():
        say("1/3 making .venv")
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True, text=True)
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            fail(
                "could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv. It said:\n"
                + (made.stdout + made.stderr)[-800:]
            )
    python = str(VENV / "bin" / "python")
    say("2/3 fetching the installer")
    if subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", UV], check=False).returncode:
        fail("pip could not reach a package index. Check the network, or set PIP_INDEX_URL to a mirror that you can reach.")
    say("3/3 installing what uv.lock pins (about 1 GB of libraries and test tools, once; a few minutes on a slow line)")
    env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(VENV)}
    sync = [python, "-m", "uv", "sync", "--frozen", "--inexact", "--python", python]
    if subprocess.run(sync, check=False, cwd=ROOT, env=env).returncode:
        say("once more with this machine's own certificates (a company's proxy may sign with one of its own)")
        if subprocess.run(sync, check=False, cwd=ROOT, env={**env, "UV_SYSTEM_CERTS": "1"}).returncode:
            fail("installing from uv.lock failed; the lines above say which package. Run make again to resume.")
    STAMP.write_text(wanted)
    say("ready: .venv/bin/xiaodan")


def find_browser() -> str | None:
    """Path of a Chromium, or None."""
    named = os.environ.get("XIAODAN_CHROMIUM")
    if named and Path(named).exists():
        return named
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def browser() -> None:
    """A Chromium for the page tests: found, else from Debian's packages when we may; else said in words."""
    if find_browser():
        return
    how = "apt-get install chromium (Debian), dnf install chromium (Fedora), or set XIAODAN_CHROMIUM to one that you have"
    apt = shutil.which("apt-get")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt and (not prefix or (shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], check=False).returncode)):
        say("no Chromium found; installing Debian's for the page tests")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*prefix, apt, "update", "-qq"], check=False, env=quiet)
        subprocess.run(
            [*prefix, apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"],
            check=False,
            env=quiet,
            stdout=subprocess.DEVNULL,
        )
    if find_browser():
        return
    if os.environ.get("CI"):
        fail(f"the page tests need Chromium and none could be installed: {how}.")
    say(f"no Chromium: the page tests will be skipped. To run them: {how}.")


if __name__ == "__main__":
    environment()
    if "--browser" in sys.argv[1:]:
        browser()
