from __future__ import annotations

from structlog.testing import capture_logs

from domain.errors import Unavailable
from integrations._kit.health import Health


def test_only_changes_are_said() -> None:
    with capture_logs() as logged:
        health = Health("douyin", "旗舰店")
        health.answered()
        health.failed(Unavailable("13912345678"))
        health.failed(Unavailable("again"))
        health.answered()
        health.answered()
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [
        ("connector.lost", "warning"),
        ("connector.recovered", "info"),
    ]
    assert "13912345678" not in str(logged)
