"""The same company on PostgreSQL: sync, a question, an approval to its end, an alert."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.approval import State
from tests.flows.company import opened
from tests.servers import emptied, postgres, postgres_database  # noqa: F401  (fixtures)

pytestmark = pytest.mark.postgres


async def test_a_day_on_postgresql(tmp_path: Path, postgres_database: str) -> None:  # noqa: F811
    async with opened(tmp_path, url=emptied(postgres_database)) as company:
        aftersale = await company.refund(20_000)
        number = company.approval().order_number
        company.clock.move(3600)
        await company.pull()
        await company.say("zhangming", f"{number} 到哪了", ident="asked-twice")
        await company.say("zhangming", f"{number} 到哪了", ident="asked-twice")
        assert sum("到" in text or "发货" in text for text in company.texts()) >= 1
        await company.press("zhangming", "同意", number="A1")
        await company.press("zhoukuaiji", "同意", number="A1", work=False)
        await company.restart()
        await company.work(180, step=20)
        assert company.approval().state == State.DONE
        assert company.refunds() == [(aftersale, 20_000)]
        company.place(lines=[{"code": "SF-GREY", "name": "沙发套-灰", "quantity": 15, "price": 13_400}])
        await company.push()
        await company.work(70, step=5)
        assert len(company.alerts("库存-1")) == 1
        assert any(said["body"]["pictures"] for said in company.answers(chat="stock"))
        assert company.read(lambda r: r.audit.verify())[0]
