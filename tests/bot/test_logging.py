"""What reaches the log when something breaks: where and what kind; never whose."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from config.logging import _Formatter, told
from domain.errors import Unavailable

ROOT = Path(__file__).parents[2]
CANARY = "王小满17000000417"


def broken(name: str) -> None:
    local_of_the_customer = {name: 1}
    try:
        local_of_the_customer[f"missing {name}"]
    except KeyError as inner:
        raise ValueError(f"could not use {name}") from inner


def test_a_traceback_tells_where_and_what_kind_and_nobodys_name() -> None:
    with pytest.raises(ValueError, match="could not use") as caught:
        broken(CANARY)
    text = told((caught.type, caught.value, caught.tb))
    assert "builtins.KeyError" in text
    assert "builtins.ValueError" in text
    assert "test_logging.py" in text
    assert CANARY not in text


def test_our_own_errors_keep_their_words() -> None:
    error = Unavailable("order.searchList: HTTP 500")
    assert told((Unavailable, error, None)) == "domain.errors.Unavailable: order.searchList: HTTP 500"


def test_libraries_that_log_by_themselves_are_held_to_it() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Formatter("%(message)s"))
    logger = logging.getLogger("tests.somebody")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        broken(CANARY)
    except ValueError:
        logger.exception("it broke")
    finally:
        logger.removeHandler(handler)
    assert "builtins.ValueError" in out.getvalue()
    assert CANARY not in out.getvalue()


def test_a_logger_handed_out_before_follows_who_configures_later() -> None:
    code = """
import io, sys, structlog
from config.logging import configure
log = structlog.get_logger()
configure("INFO")
log.info("first.said")
sys.stderr = io.StringIO()
configure("INFO", as_json=True)
log.info("second.said")
print(sys.stderr.getvalue())
with structlog.testing.capture_logs() as caught:
    log.info("third.said")
print(caught[0]["event"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert '"event": "second.said"' in done.stdout
    assert "third.said" in done.stdout


@pytest.mark.parametrize("as_json", [True, False])
def test_a_whole_process_says_no_name_in_either_format(as_json: bool) -> None:
    code = f"""
import structlog
from config.logging import configure
from tests.bot.test_logging import CANARY, broken
configure("INFO", as_json={as_json})
log = structlog.get_logger()
try:
    broken(CANARY)
except ValueError:
    log.exception("handler.failed", number="1")
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "handler.failed" in done.stderr
    assert "builtins.KeyError" in done.stderr
    assert CANARY not in done.stderr.encode().decode("unicode_escape", "ignore") + done.stderr
