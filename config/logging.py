"""Structured logs on standard error. Only ids are logged, never values; nor what libraries put into their exceptions."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, TextIO

import structlog

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
_OUR_ERRORS = "domain.errors"  # their messages hold no personal data, by contract


def told(exc_info: ExcInfo) -> str:
    """A traceback for the log: where and what kind, without local variables and without foreign messages.

    A library's message may quote what it choked on (a KeyError its key, a database the row), and that may be a customer.
    """
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        said = f": {error}" if kind.__module__ == _OUR_ERRORS else ""
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{kind.__module__}.{kind.__qualname__}{said}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich followed from\n\n".join(parts)


def _write(out: TextIO, info: ExcInfo) -> None:
    out.write(told(info))


class _Formatter(logging.Formatter):
    """The same for what libraries log by themselves (uvicorn, asyncio)."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the standard library's name)
        return told(ei)


def configure(level: str = "INFO", *, as_json: bool = False) -> None:
    """Once, at the start of a command."""
    renderer: Any = structlog.processors.JSONRenderer()
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(told),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s [%(levelname)s] %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
