from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.commands import mapping

SAMPLES = Path(__file__).parents[1] / "integrations" / "douyin" / "samples"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    mapping.register(made)
    made.callback()(lambda: None)
    return made


def run(app: typer.Typer, *args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["map", *args], input=stdin)


def as_json(app: typer.Typer, payload: Any, tmp_path: Path, *args: str) -> Any:
    file = tmp_path / "answer.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload), "utf-8")
    result = run(app, "douyin", str(file), "--json", *args)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def envelope() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "order_list.json").read_text("utf-8"))
    return found


def test_a_list_answer_is_a_list_of_orders(app: typer.Typer, tmp_path: Path) -> None:
    first, second = as_json(app, envelope(), tmp_path, "--shop", "旗舰店")
    assert (first["number"], first["stage"], first["shop"]) == ("4781320682406083640", "part_shipped", "旗舰店")
    assert (first["total"], first["paid"], first["currency"], first["balanced"]) == (25600, 25300, "CNY", True)
    assert first["created_at"] == "2023-11-14T22:13:20+00:00"
    assert first["unmapped"] == []
    assert second["number"] == "4781320682406083999"


@pytest.mark.parametrize("shape", ["detail", "bare detail", "row", "list", "list of one in an envelope"])
def test_every_shape_of_one_order_is_one_object(app: typer.Typer, tmp_path: Path, shape: str) -> None:
    row = envelope()["data"]["shop_order_list"][0]
    payload: Any = {
        "detail": {"code": 10000, "data": {"shop_order_detail": row}},
        "bare detail": {"shop_order_detail": row},
        "row": row,
        "list": [row],
        "list of one in an envelope": {"code": 10000, "msg": "success", "data": {"shop_order_list": [row], "total": 1}},
    }[shape]
    assert as_json(app, payload, tmp_path)["number"] == row["order_id"]


def test_an_aftersale(app: typer.Typer) -> None:
    result = run(app, "douyin", str(SAMPLES / "aftersale_detail.json"), "--kind", "aftersale", "--json")
    found = json.loads(result.stdout)
    assert (found["type"], found["stage"], found["refunded_amount"]) == ("aftersale", "refunded", 6400)


def test_pushes(app: typer.Typer) -> None:
    result = run(app, "douyin", str(SAMPLES / "push.json"), "--kind", "push", "--json")
    assert [found["type"] for found in json.loads(result.stdout)] == ["event", "deadline", "deadline", "address_request"]


def test_people_get_a_line_each(app: typer.Typer) -> None:
    result = run(app, "douyin", str(SAMPLES / "order_list.json"))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2
    assert "¥256.00" in result.stdout


def test_one_unreadable_order_does_not_hide_the_others(app: typer.Typer, tmp_path: Path) -> None:
    payload = envelope()
    payload["data"]["shop_order_list"][1]["pay_amount"] = "12.5"
    good, bad = as_json(app, payload, tmp_path)
    assert (good["type"], bad["type"], bad["ref"]) == ("order", "unreadable", "4781320682406083999")


def test_a_new_status_is_named(app: typer.Typer, tmp_path: Path) -> None:
    row = envelope()["data"]["shop_order_list"][0] | {"order_status": 987, "main_status": 987}
    found = as_json(app, row, tmp_path)
    assert (found["stage"], found["unmapped"]) == ("hold", ["order_status=987"])


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("not json", "JSON"),
        ("", "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"code": 40003, "msg": "x", "sub_code": "isv.signature-invalid"}', "40003"),
        ('{"hello": "world"}', "抖店"),
        ("42", "抖店"),
        ('{"code": 10000, "data": null}', "抖店"),
        ('[{"order_id": null}]', "读不懂"),
    ],
    ids=["words", "empty", "deep", "refusal", "other", "number", "no data", "unreadable"],
)
def test_garbage_is_one_sentence_and_exit_1(app: typer.Typer, tmp_path: Path, payload: str, words: str) -> None:
    file = tmp_path / "answer.json"
    file.write_text(payload)
    result = run(app, "douyin", str(file), "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_missing_file_is_exit_1(app: typer.Typer, tmp_path: Path) -> None:
    assert run(app, "douyin", str(tmp_path / "none.json")).exit_code == 1


def test_an_unknown_connector_is_wrong_use_and_lists_the_known_ones(app: typer.Typer) -> None:
    result = run(app, "amazing", "x.json")
    assert result.exit_code == 2
    assert "douyin" in result.stderr


def test_a_kind_the_platform_has_not_is_exit_1(app: typer.Typer) -> None:
    result = run(app, "douyin", str(SAMPLES / "push.json"), "--kind", "track")
    assert (result.exit_code, "track" in result.stderr) == (1, True)


def test_standard_input(app: typer.Typer) -> None:
    result = run(app, "douyin", "-", "--json", stdin=json.dumps(envelope()))
    assert len(json.loads(result.stdout)) == 2
