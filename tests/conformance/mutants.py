"""Break the Douyin connector, one fault at a time, in a copy; the tests must notice every one.

`python -m tests.conformance.mutants [part of a name]` (run by `make soak`, not by `make test`). Exit 1 when a fault survives or
when a fault no longer applies to the code, because then it proves nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("bot", "config", "domain", "emulators", "handlers", "integrations", "tests", "docs", "pyproject.toml")
SUITE = ("tests/conformance", "tests/integrations/douyin")
DOUYIN = "integrations/douyin"
KIT = "integrations/_kit"


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    before: str
    after: str


MUTANTS = (
    Mutant("floats for money", f"{DOUYIN}/read.py", 'return Money(whole(wire.get(name), name), "CNY")',
           'return Money(int(float(wire.get(name) or 0) / 100 * 100), "CNY")'),
    Mutant("yuan taken for fen", f"{DOUYIN}/read.py", 'return Money(whole(wire.get(name), name), "CNY")',
           'return Money(whole(wire.get(name), name) * 100, "CNY")'),
    Mutant("paid includes the channel's discount", f"{DOUYIN}/mapping.py",
           'total - fen(wire, "promotion_pay_amount") if paid_at', "total if paid_at"),
    Mutant("freight forgotten", f"{DOUYIN}/mapping.py", 'freight, total, listed = fen(wire, "post_amount")',
           'freight, total, listed = fen(wire, "no_amount")'),
    Mutant("eight hours off", f"{DOUYIN}/read.py", "datetime.fromtimestamp(seconds, UTC)",
           "datetime.fromtimestamp(seconds + 28800, UTC)"),
    Mutant("naive time", f"{DOUYIN}/read.py", "datetime.fromtimestamp(seconds, UTC)",
           "datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)"),
    Mutant("page numbers from 1", f"{KIT}/sweep.py", "page = await fetch(since - edge, end + edge, 0)",
           "page = await fetch(since - edge, end + edge, 1)"),
    Mutant("one page only", f"{KIT}/sweep.py", "if len(page.rows) < size and page.total <= len(page.rows):", "if True:"),
    Mutant("stop on a full page", f"{KIT}/sweep.py", "if len(page.rows) < size and page.total <= len(page.rows):",
           "if len(page.rows) <= size:"),
    Mutant("page numbers while rows move", f"{DOUYIN}/endpoints.py", '            "page": page,\n            "size": size,\n'
           '            "order_by": "update_time",', '            "page": page + (start % 7 == 0),\n            "size": size,\n'
           '            "order_by": "update_time",'),
    Mutant("newest first", f"{DOUYIN}/endpoints.py", '"order_asc": True', '"order_asc": False'),
    Mutant("crowded second skipped", f"{KIT}/sweep.py", "crowded.total, 1) - 1) // size, -1, -1)", "0, 1) - 1) // size, -1, -1)"),
    Mutant("window end too early", f"{DOUYIN}/channel.py", "_ceil(window.end) - 1)", "_ceil(window.end) - 60)"),
    Mutant("crash on a new status", f"{DOUYIN}/mapping.py", "stage = _ORDER_STATUS.get(status)", "stage = _ORDER_STATUS[status]"),
    Mutant("status 101 forgotten", f"{DOUYIN}/mapping.py", '    "101": Stage.PART_SHIPPED,\n', ""),
    Mutant("review taken for to ship", f"{DOUYIN}/mapping.py", '"105": Stage.HOLD', '"105": Stage.TO_SHIP'),
    Mutant("poison kills its page", f"{DOUYIN}/channel.py", 'except Unreadable as problem:\n            return _poison(row, _ident(row, ("order_id",))',
           'except ZeroDivisionError as problem:\n            return _poison(row, _ident(row, ("order_id",))'),
    Mutant("person in quarantine", f"{DOUYIN}/mapping.py", "return value if safe and", "return value if True or safe and"),
    Mutant("ciphertext shown as a name", f"{DOUYIN}/mapping.py", 'name=_shown(wire, "mask_post_receiver", "post_receiver")',
           'name=str(wire.get("encrypt_post_receiver"))'),
    Mutant("fresh key per try", f"{DOUYIN}/channel.py", 'params["request_id"] = shipment.key',
           'params["request_id"] = repr(object())'),
    Mutant("no look before shipping", f"{DOUYIN}/channel.py", "if any(parcel.waybill == shipment.waybill for parcel in order.parcels):",
           "if False:"),
    Mutant("no look before agreeing", f"{DOUYIN}/channel.py", "if seen.stage in _AGREED.get(seen.kind, frozenset()):", "if False:"),
    Mutant("changed amount agreed to", f"{DOUYIN}/channel.py", "if seen.amount != decision.amount:", "if False:"),
    Mutant("version not sent", f"{DOUYIN}/channel.py", 'item["update_time"] = int(version)', "pass"),
    Mutant("agree refuses", f"{DOUYIN}/wire.py", "AGREE_REFUND: Final = 201", "AGREE_REFUND: Final = 202"),
    Mutant("refused item overlooked", f"{DOUYIN}/endpoints.py", 'if code not in (0, wire.OK, "0", ""):', "if False:"),
    Mutant("address refusal without stage", f"{DOUYIN}/wire.py", '"picking": 1001', '"picking": 1003'),
    Mutant("reason dropped", f"{DOUYIN}/client.py", 'return _PRIVATE.sub("***", " ".join(told.split()))[:200]', 'return ""'),
    Mutant("phone in the reason", f"{DOUYIN}/client.py", '_PRIVATE.sub("***", " ".join(told.split()))', '" ".join(told.split())'),
    Mutant("business code ignored", f"{DOUYIN}/client.py", "    if code != wire.OK:\n", "    if False:\n"),
    Mutant("throttle not known", f"{DOUYIN}/wire.py", "THROTTLED: Final = 60000", "THROTTLED: Final = 60001"),
    Mutant("throttle without pause", f"{DOUYIN}/client.py", "self._pace.hold(pause)", "pass"),
    Mutant("platform fault on a change retried", f"{DOUYIN}/client.py",
           'return OutcomeUnknown(f"{method}: {code}") if changes else _Busy(', "return _Busy("),
    Mutant("every caller refreshes", f"{KIT}/tokens.py",
           "if held is not None and held.access != refused and self._good(held):", "if False:"),
    Mutant("expired token given up", f"{DOUYIN}/client.py", "            token = await self.tokens.renew(token)\n",
           "            raise NeedsAuthorization(method) from None\n"),
    Mutant("clock never set", f"{DOUYIN}/client.py", "self._skew = self._http.server_time - self._clock.now()", "pass"),
    Mutant("consent retried as a token", f"{DOUYIN}/client.py", "if code in (wire.NO_ACCESS, wire.BAD_IP, wire.RISK_CONTROL)",
           "if code in (wire.RISK_CONTROL,)"),
    Mutant("429 and 5xx not mapped", f"{KIT}/http.py", "if answer.status_code >= 500:", "if answer.status_code >= 5000:"),
    Mutant("raw JSON error", f"{KIT}/http.py", "except (ValueError, RecursionError) as broken:",
           "except ZeroDivisionError as broken:"),
    Mutant("lost write called unavailable", f"{KIT}/http.py",
           "return OutcomeUnknown(what) if changes else Unavailable(what)", "return Unavailable(what)"),
    Mutant("lost read called doubt", f"{KIT}/http.py", "return OutcomeUnknown(what) if changes else Unavailable(what)",
           "return OutcomeUnknown(what)"),
    Mutant("garbled write called broken protocol", f"{KIT}/http.py",
           "return OutcomeUnknown(what) if changes else ProtocolBroken(what)", "return ProtocolBroken(what)"),
    Mutant("write marked as read", f"{DOUYIN}/endpoints.py",
           'await client.call("sku.syncStock", params, changes=True)', 'await client.call("sku.syncStock", params)'),
    Mutant("read marked as change", f"{DOUYIN}/endpoints.py", '            "order_asc": True,\n        },\n    )',
           '            "order_asc": True,\n        },\n        changes=True,\n    )'),
    Mutant("card promises too much", f"{DOUYIN}/manifest.toml", '"stock.write",', '"stock.write", "tracks.query",'),
    Mutant("card promises too little", f"{DOUYIN}/manifest.toml", '"orders.remark", "stock.write"', '"stock.write"'),
    Mutant("secret in repr", f"{DOUYIN}/settings.py", "app_secret: str = field(repr=False)", "app_secret: str = field()"),
    Mutant("secret in an error", f"{DOUYIN}/client.py", "what=method,\n        )", "what=method + settings.app_secret,\n        )"),
    Mutant("token in the log", f"{KIT}/http.py", "logging.getLogger(chatty).setLevel(logging.WARNING)", "pass"),
    Mutant("reading cards imports connectors", "integrations/registry.py", "return {folder.name: Manifest",
           "[load.__wrapped__(f.name) if hasattr(load, '__wrapped__') else importlib.import_module('integrations.' + f.name) for f in folders]\n"
           "    return {folder.name: Manifest"),
    Mutant("keys not sorted", f"{DOUYIN}/wire.py", "sort_keys=True, separators", "sort_keys=False, separators"),
    Mutant("escaped Chinese", f"{DOUYIN}/wire.py", "ensure_ascii=False, allow_nan=False", "ensure_ascii=True, allow_nan=False"),
    Mutant("signature over other bytes", f"{DOUYIN}/client.py", "body=body.encode(),", 'body=(body + " ").encode(),'),
    Mutant("any push believed", f"{DOUYIN}/push.py", "if not hmac.compare_digest(told.lower().encode(), right.encode()):", "if False:"),
    Mutant("another app's push believed", f"{DOUYIN}/push.py", "if app != settings.app_key:", "if False:"),
    Mutant("ack one byte off", f"{DOUYIN}/wire.py", 'b\'{"code":0,"msg":"success"}\'', 'b\'{"code":0, "msg":"success"}\''),
    Mutant("every delivery new", f"{DOUYIN}/push.py", 'f"{msg_id or fingerprint(item)}:{tag}"', 'f"{id(item)}{object()!r}:{tag}"'),
    Mutant("down said every time", f"{KIT}/health.py", "        if self._down:\n            return\n", ""),
    Mutant("pace forgotten", f"{DOUYIN}/client.py", "        await self._pace.turn()\n", ""),
    Mutant("no close", f"{DOUYIN}/settings.py", "    def __post_init__(self) -> None:\n", "    def not_called(self) -> None:\n"),
)  # fmt: skip


def survives(mutant: Mutant, base: Path) -> str:
    """What is wrong with this mutant: "" when the tests noticed it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(base, copy)
        file = copy / mutant.file
        text = file.read_text("utf-8")
        if mutant.before not in text:
            return "does not apply any more"
        file.write_text(text.replace(mutant.before, mutant.after), "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", *SUITE]
        try:
            result = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            return ""  # endless work is noticed too
        return "survived" if result.returncode == 0 else ""


def main(wanted: str = "") -> int:
    chosen = [mutant for mutant in MUTANTS if wanted in mutant.name]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, base / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, base / name)
        with ThreadPoolExecutor(2) as pool:
            verdicts = list(pool.map(lambda mutant: survives(mutant, base), chosen))
    wrong = [(mutant.name, verdict) for mutant, verdict in zip(chosen, verdicts, strict=True) if verdict]
    for name, verdict in wrong:
        sys.stdout.write(f"{verdict}: {name}\n")
    sys.stdout.write(f"{len(chosen) - len(wrong)} of {len(chosen)} planted faults noticed\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
