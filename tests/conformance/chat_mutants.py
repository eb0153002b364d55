"""Break the chat connectors, one fault at a time, in a copy; the shared chat suite must notice every one.

`python -m tests.conformance.chat_mutants [part of a name]` (run by `make soak`, not by `make test`). Exit 1 when a fault survives
or no longer applies to the code. Each is tried in the modes that it should show in, which keeps the whole list to minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.mutants import COPIED, ROOT

ALSO = ("storage", "scheduler")  # the suite goes through the product's own door
WECOM, DING, CONSOLE, KIT = "integrations/wecom", "integrations/dingtalk", "integrations/console", "integrations/_kit"


@dataclass(frozen=True)
class Mutant:
    modes: str  # a pytest -k expression
    name: str
    file: str
    before: str
    after: str


MUTANTS = (
    Mutant("wecom-socket", "mention left in the text", f"{WECOM}/wire.py",
           "text=text if single else without_mention(text, bot_names)", "text=text"),
    Mutant("wecom-socket", "group taken for direct", f"{WECOM}/wire.py", 'body.get("chattype") != "group"',
           'body.get("chattype") != "g"'),
    Mutant("wecom-socket", "quote dropped", f"{WECOM}/wire.py", "attachments=(*attachments, *_quote(body))",
           "attachments=attachments"),
    Mutant("wecom-socket", "label instead of token", f"{WECOM}/cards.py", '"key": button.token}', '"key": button.label}'),
    Mutant("wecom-socket", "no answer taken for a yes", f"{WECOM}/line.py",
           'raise OutcomeUnknown(f"wecom: {cmd}: no answer in time") from late', "return {}"),
    Mutant("wecom-socket", "card never redrawn", f"{WECOM}/socket_bot.py", "if card is not None and await self._redraw(",
           "if False and await self._redraw("),
    Mutant("wecom-socket or wecom-robot", "everybody called", f"{WECOM}/robot_kit.py", "(?!all$)[0-9a-z_]", "[@0-9a-z_]"),
    Mutant("wecom-socket", "pictures forgotten", f"{WECOM}/socket_bot.py", "in enumerate(drawn.pictures)", "in enumerate(())"),
    Mutant("wecom-socket", "lines longer than the platform takes", f"{WECOM}/cards.py", "MAX_MARKDOWN = 20_480",
           "MAX_MARKDOWN = 40_960"),
    Mutant("wecom-callback", "signature not compared", f"{WECOM}/crypto.py", "if not hmac.compare_digest(expected, given):",
           "if False:"),
    Mutant("wecom-callback", "receiver not compared", f"{WECOM}/crypto.py",
           "if plain[_HEAD + size : end] != self._receive_id:", "if False:"),
    Mutant("wecom-callback", "files dropped in silence", f"{WECOM}/callback_bot.py",
           "reply = _without_files(reply, self._settings.lang)", "pass"),
    Mutant("wecom-callback", "every delivery new", f"{WECOM}/wire.py", "        message_id=message_id,\n        text=text if",
           "        message_id=message_id + repr(object()),\n        text=text if"),
    Mutant("wecom-later", "lost answer forgotten", f"{WECOM}/callback_bot.py", "self._doubtful.add(key)", "pass"),
    Mutant("wecom-app", "company not compared", f"{WECOM}/__init__.py", "settings.app.aes_key, settings.app.corp_id)",
           'settings.app.aes_key, "")'),
    Mutant("wecom-app", "duplicate check never asked for", f"{WECOM}/self_built.py", "int(step in self._doubtful)", "0"),
    Mutant("wecom-app", "unknown events break it", f"{WECOM}/wire.py", "        return Happened(kind, chat, event_id)\n    items",
           "        raise KeyError(kind)\n    items"),
    Mutant("wecom-robot", "picture's digest wrong", f"{WECOM}/group_robot.py", "md5(png).hexdigest()", "md5(png[1:]).hexdigest()"),
    Mutant("wecom-robot", "commands left out", f"{WECOM}/group_robot.py", "enumerate(drawn.instead)",
           "enumerate(tuple(t.partition('发送以下')[0] for t in drawn.instead))"),
    Mutant("dingtalk-stream", "every delivery new", f"{DING}/mapping.py", 'return f"{robot}:{ident}"\n',
           'return f"{robot}:{ident}:{object()!r}"\n'),
    Mutant("dingtalk-stream", "group taken for direct", f"{DING}/mapping.py", '"conversationType", "")) == "2"',
           '"conversationType", "")) == "3"'),
    Mutant("dingtalk-stream", "buttons that call nobody", f"{DING}/drawing.py", '"request": True', '"request": False'),
    Mutant("dingtalk-stream", "events not receipted", f"{DING}/arrivals.py", 'Ack(200, {"status": "SUCCESS", "message": "ok"})',
           "Ack(200, {})"),
    Mutant("dingtalk-stream", "everybody called", f"{DING}/mapping.py", ' and user.lower() != "all"', ""),
    Mutant("dingtalk-stream", "private words in the group", f"{DING}/chat.py",
           "if chat.kind is ChatKind.GROUP and (to_user or reply.private):", "if False:"),
    Mutant("dingtalk-http", "robot signature not compared", f"{DING}/door.py",
           'or not wire.same(request.headers.get("sign", ""), wanted)', ""),
    Mutant("dingtalk-http", "robot stamp of any age", f"{DING}/door.py", "if not _fresh(stamp, request, ROBOT_SKEW) or", "if"),
    Mutant("dingtalk-http", "press signature not compared", f"{DING}/door.py",
           "or not wire.same(given, wire.card_sign(stamp, secret))", ""),
    Mutant("dingtalk-http", "another app's events", f"{DING}/wire.py",
           " or not hmac.compare_digest(owner, self._owner.encode())", ""),
    Mutant("dingtalk-webhook", "robot does not sign", f"{DING}/client.py", "if robot.secret:", "if False:"),
    Mutant("dingtalk-webhook", "fresh uuid per try", f"{DING}/delivery.py", "reply, part, make_key(key, index))",
           "reply, part, make_key(key, index, repr(object())))"),
    Mutant("dingtalk-webhook", "pictures dropped in silence", f"{DING}/delivery.py", "drawing.words(drawing.spoken(reply))",
           "drawing.words(reply)"),
    Mutant("console", "anybody's session", f"{CONSOLE}/chat.py", "        self.sessions.check(request.headers, changes=True)\n", ""),
    Mutant("console", "never addressed", f"{CONSOLE}/chat.py", 'meant = wire.get("command") is True or', "meant = False and"),
    Mutant("wecom-app or dingtalk-stream", "lost write called unavailable", f"{KIT}/http.py",
           "return OutcomeUnknown(what) if changes else Unavailable(what)", "return Unavailable(what)"),
)  # fmt: skip


def survives(mutant: Mutant, base: Path) -> str:
    """What is wrong with this mutant: "" when the suite noticed it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(base, copy)
        file = copy / mutant.file
        text = file.read_text("utf-8")
        if mutant.before not in text:
            return "does not apply any more"
        file.write_text(text.replace(mutant.before, mutant.after), "utf-8")
        suite = ["tests/conformance/test_chat.py", "-k", mutant.modes]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", *suite]
        try:
            result = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            return ""  # endless work is noticed too
        return {0: "survived", 1: ""}.get(result.returncode, f"did not run: {result.stdout[-300:]}{result.stderr[-300:]}")


def main(wanted: str = "") -> int:
    chosen = [mutant for mutant in MUTANTS if wanted in f"{mutant.modes}: {mutant.name}"]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for name in (*COPIED, *ALSO):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, base / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, base / name)
        with ThreadPoolExecutor(2) as pool:
            verdicts = list(pool.map(lambda mutant: survives(mutant, base), chosen))
    wrong = [(mutant, verdict) for mutant, verdict in zip(chosen, verdicts, strict=True) if verdict]
    for mutant, verdict in wrong:
        sys.stdout.write(f"{verdict}: {mutant.name} ({mutant.modes})\n")
    sys.stdout.write(f"{len(chosen) - len(wrong)} of {len(chosen)} planted faults noticed\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
