"""Small keepings: live cards, sync cursors and freshness, quarantine, import counts."""

from __future__ import annotations

from datetime import datetime

from domain.store import Freshness, Json, SentCard
from storage.keys import Keys
from storage.moments import at, at_or_none, ms, scrub
from storage.serials import next_serial
from storage.sql import Conn

_CARD = "SELECT subject,platform,chat_id,chat_kind,message_id,rendered FROM sent_cards "
_FRESH = "INSERT INTO freshness(source,last_ok,last_error,error_since) VALUES(?,?,?,?) ON CONFLICT (source) DO UPDATE SET "


class SentCardReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def of(self, subject: str) -> list[SentCard]:
        return [SentCard(*row) for row in self._c.all(_CARD + "WHERE subject = ? ORDER BY platform,message_id", (subject,))]

    def by_message(self, platform: str, message_id: str) -> SentCard | None:
        row = self._c.one(_CARD + "WHERE platform = ? AND message_id = ?", (platform, message_id))
        return SentCard(*row) if row else None


class SentCardWrites(SentCardReads):
    def put(self, card: SentCard) -> None:
        self._c.run(
            "INSERT INTO sent_cards(subject,platform,chat_id,chat_kind,message_id,rendered) VALUES(?,?,?,?,?,?)"
            " ON CONFLICT (platform,message_id) DO UPDATE SET subject=excluded.subject, chat_id=excluded.chat_id,"
            " chat_kind=excluded.chat_kind, rendered=excluded.rendered",
            (card.subject, card.platform, card.chat_id, card.chat_kind, card.message_id, card.rendered),
        )

    def drop(self, platform: str, message_id: str) -> None:
        self._c.run("DELETE FROM sent_cards WHERE platform = ? AND message_id = ?", (platform, message_id))


class CursorReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def get(self, name: str) -> str | None:
        row = self._c.one("SELECT value FROM cursors WHERE name = ?", (name,))
        return row[0] if row else None

    def freshness(self) -> list[Freshness]:
        return [
            Freshness(row[0], at_or_none(row[1]), row[2], at_or_none(row[3]))
            for row in self._c.all("SELECT source,last_ok,last_error,error_since FROM freshness ORDER BY source")
        ]


class CursorWrites(CursorReads):
    def put(self, name: str, value: str) -> None:
        self._c.run(
            "INSERT INTO cursors(name,value) VALUES(?,?) ON CONFLICT (name) DO UPDATE SET value=excluded.value",
            (name, scrub(value)),
        )

    def locked(self, name: str) -> str:
        if self._c.pg:
            # A row that is not there cannot be locked; SQLite has one writer anyway.
            self._c.run("INSERT INTO cursors(name,value) VALUES(?,'') ON CONFLICT (name) DO NOTHING", (name,))
            row = self._c.one("SELECT value FROM cursors WHERE name = ? FOR UPDATE", (name,))
        else:
            row = self._c.one("SELECT value FROM cursors WHERE name = ?", (name,))
        return row[0] if row else ""

    def drop(self, name: str) -> None:
        self._c.run("DELETE FROM cursors WHERE name = ?", (name,))

    def serial(self, name: str) -> int:
        return next_serial(self._c, name)

    def succeeded(self, source: str, at: datetime) -> None:
        """The newest success counts, whichever replica reports last."""
        self._c.run(
            _FRESH
            + "last_ok = CASE WHEN freshness.last_ok > excluded.last_ok THEN freshness.last_ok ELSE excluded.last_ok END,"
            " last_error = '', error_since = NULL",
            (source, ms(at), "", None),
        )

    def failed(self, source: str, at: datetime, error: str) -> None:
        """Trouble counts from its first report until the next success."""
        self._c.run(
            _FRESH + "last_error = excluded.last_error, error_since = COALESCE(freshness.error_since, excluded.error_since)",
            (source, None, scrub(error, 500), ms(at)),
        )


class QuarantineReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def quarantined(self, *, limit: int = 100) -> list[Json]:
        """Newest first: source, ref, reason, raw, first_at, last_at (ISO), times."""
        return [
            {
                "source": row[0], "ref": row[1], "reason": row[2], "raw": row[3], "first_at": at(row[4]).isoformat(),
                "last_at": at(row[5]).isoformat(), "times": row[6],
            }
            for row in self._c.all(
                "SELECT source,ref,reason,raw,first_at,last_at,times FROM quarantine ORDER BY last_at DESC, ref LIMIT ?",
                (limit,),
            )
        ]  # fmt: skip


class QuarantineWrites(QuarantineReads):
    def __init__(self, conn: Conn, keys: Keys) -> None:
        super().__init__(conn)
        self._keys = keys

    def quarantine(self, source: str, ref: str, reason: str, raw: str, at: datetime) -> None:
        """The same record refused for the same reason again is counted, not added."""
        source, ref, reason, raw = scrub(source, 200), scrub(ref, 200), scrub(reason, 1_000), scrub(raw, 100_000)
        mark = self._keys.mark(source, ref, reason, "" if ref else raw)
        self._c.run(
            "INSERT INTO quarantine(mark,source,ref,reason,raw,first_at,last_at,times) VALUES(?,?,?,?,?,?,?,1)"
            " ON CONFLICT (mark) DO UPDATE SET raw=excluded.raw, last_at=excluded.last_at, times=quarantine.times + 1",
            (mark, source, ref, reason, raw, ms(at), ms(at)),
        )


class ImportReads:
    """How many rows of files could not be taken: part of `stats`."""

    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def totals(self, shop: str = "") -> tuple[int, int]:
        """(rows read, rows rejected), of one shop or of all."""
        row = self._c.one(
            "SELECT CAST(COALESCE(SUM(rows),0) AS BIGINT), CAST(COALESCE(SUM(rejected),0) AS BIGINT) FROM imports"
            " WHERE (? = '' OR shop = ?)",
            (shop, shop),
        )
        return (row[0], row[1]) if row else (0, 0)


class ImportWrites(ImportReads):
    def record(self, run_id: str, file: str, shop: str, *, rows: int, rejected: int, at: datetime) -> None:
        """The counts so far of one run; recording it again replaces them, so a resumed import is counted once."""
        self._c.run(
            "INSERT INTO imports(run_id,file,shop,rows,rejected,at) VALUES(?,?,?,?,?,?) ON CONFLICT (run_id) DO UPDATE SET"
            " file=excluded.file, shop=excluded.shop, rows=excluded.rows, rejected=excluded.rejected, at=excluded.at",
            (scrub(run_id), scrub(file, 500), scrub(shop), rows, rejected, ms(at)),
        )
