"""The mark that a unit of work is open. Apart from the HTTP client, so that whoever sets it need not load that library."""

from __future__ import annotations

from contextvars import ContextVar

inside_unit_of_work: ContextVar[bool] = ContextVar("inside_unit_of_work", default=False)
"""Set by whoever runs a unit of work; sending while it is set is a bug and raises."""
