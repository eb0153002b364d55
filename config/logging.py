"""Structured logs on standard error. Only ids are logged, never values; nor what libraries put into their exceptions."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
_OUR_ERRORS = "domain.errors"  # their messages hold no personal data, by contract


class _Stderr:
    """Standard error as it is when something is written, not as it was when logging was set up."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


_OUT = cast(TextIO, _Stderr())
_PROCESSORS: list[Any] = []  # one list for good: loggers that were handed out keep it, whoever configures later


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
    _PROCESSORS[:] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(told),
        renderer,
    ]
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(_OUT),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_OUT)
    handler.setFormatter(_Formatter("%(asctime)s [%(levelname)s] %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
