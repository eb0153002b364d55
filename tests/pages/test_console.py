"""The work group used by hand: a real browser, a real server, a scripted bot."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from domain.chat import Card, ChatKind, ChatRef, Reply, Tone
from domain.tokens import Signer
from tests.pages.conftest import DESK, OpenPage
from tests.pages.scripted import HOSTILE, ORDERS, STOCK, Scripted, png, refund

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def say(page: Page, text: str) -> None:
    await page.fill("#input", text)
    await page.keyboard.press("Enter")


def bubbles(page: Page, text: str) -> Locator:
    return page.locator("#log .bubble", has_text=text)


async def test_a_question_is_answered_and_everybody_sees_both(group: Scripted, open_page: OpenPage) -> None:
    li, zhou = await open_page("li", chat="orders"), await open_page("zhou", chat="orders")
    await say(li, "0417 到哪了")
    await expect(bubbles(li, "收到：0417 到哪了")).to_be_visible()
    await expect(bubbles(zhou, "收到：0417 到哪了")).to_be_visible()
    await expect(zhou.locator(".row:not(.mine) .bubble", has_text=re.compile("^0417 到哪了$"))).to_have_count(1)
    assert [(m.sender.user_id, m.text, m.chat) for m in group.said.values()] == [("li", "0417 到哪了", ORDERS)]


async def test_two_people_see_the_same_card_change_live(group: Scripted, open_page: OpenPage) -> None:
    li, zhou = await open_page("li", chat="orders"), await open_page("zhou", chat="orders")
    await say(li, "退款 0417")
    await expect(li.locator(".card", has_text="退款申请")).to_contain_text("剩 7 小时")
    await expect(zhou.locator(".card .mention.self")).to_have_text("@周敏")
    await zhou.get_by_role("button", name="同意").click()
    for page in (li, zhou):
        await expect(page.locator(".card", has_text="财务 周敏 同意")).to_have_count(1)
        await expect(page.locator(".card")).to_have_attribute("data-tone", "done")
        await expect(page.locator(".card-foot")).to_contain_text("已更新")
        await expect(page.locator(".card button")).to_have_count(0)
    assert [(c.sender.user_id, c.token) for c in group.clicks.values()] == [("zhou", "agree:17")]


async def test_a_double_click_is_one_event_and_the_button_waits(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("zhou", chat="orders")
    await group.console.send(ORDERS, Reply("退款", card=refund()), key="card")
    group.mute = True
    button = page.get_by_role("button", name="同意")
    await button.dblclick()
    await expect(button).to_be_disabled()
    await expect(button).to_have_attribute("aria-busy", "true")
    await expect(page.get_by_role("button", name="拒绝")).to_be_disabled()
    assert len(group.clicks) == 1
    assert group.requests == 1


async def test_a_lost_answer_is_retried_with_the_same_id(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    group.lose_next = 1
    await say(page, "只说一次")
    await expect(bubbles(page, "收到：只说一次")).to_be_visible()
    await expect(page.locator(".row.pending")).to_have_count(0)
    await expect(page.locator(".row.mine")).to_have_count(1)
    assert len(group.said) == 1


async def test_a_private_notice_reaches_only_its_person(group: Scripted, open_page: OpenPage) -> None:
    li, zhou = await open_page("li", chat="orders"), await open_page("zhou", chat="orders")
    await say(li, "私下 看收件人")
    await expect(li.locator(".row.private", has_text="王小明")).to_contain_text("仅你可见")
    await expect(li.locator(".toast")).to_contain_text("仅你可见")
    await say(zhou, "在吗")
    await expect(bubbles(zhou, "收到：在吗")).to_be_visible()
    assert "王小明" not in await zhou.content()
    await zhou.reload()
    await expect(bubbles(zhou, "收到：在吗")).to_be_visible()
    assert "王小明" not in await zhou.content()


async def test_unread_marks_are_each_persons_own_and_survive_a_reload(group: Scripted, open_page: OpenPage) -> None:
    wang, li = await open_page("wang"), await open_page("li", chat="stock")
    await group.console.send(STOCK, Reply("K203 沙发套-灰 快没了", mention=("wang",)), key="a")
    await group.console.send(STOCK, Reply("K204 地毯 快没了"), key="b")
    row = wang.locator('[data-chat="stock"]')
    await expect(row.locator(".badge")).to_have_text("2")
    await expect(row).to_contain_text("有人@我")
    await expect(li.locator('[data-chat="stock"] .badge')).to_have_count(0)
    await wang.reload()
    await expect(row.locator(".badge")).to_have_text("2")
    await row.click()
    await expect(bubbles(wang, "K204")).to_be_visible()
    await wang.locator(".back").click()
    await expect(row.locator(".badge")).to_have_count(0)
    await wang.reload()
    await expect(row).to_be_visible()
    await expect(row.locator(".badge")).to_have_count(0)


async def test_a_group_is_invisible_to_those_outside(group: Scripted, open_page: OpenPage) -> None:
    zhou = await open_page("zhou")
    await group.console.send(STOCK, Reply("机密库存"), key="a")
    await expect(zhou.locator('[data-chat="orders"]')).to_be_visible()
    await expect(zhou.locator('[data-chat="stock"]')).to_have_count(0)
    status = await zhou.evaluate("fetch('/console/api/history?as=zhou&chat=stock').then(r => r.status)")
    assert status == 400


async def test_a_reload_keeps_person_conversation_and_history(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("chen", chat="orders")
    await say(page, "第一句")
    await expect(bubbles(page, "收到：第一句")).to_be_visible()
    await page.reload()
    await expect(bubbles(page, "收到：第一句")).to_have_count(1)
    await expect(page.locator("#me")).to_contain_text("陈晨")


async def test_after_a_server_restart_what_was_missed_comes_once(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await say(page, "退款 0417")
    await expect(page.locator(".card")).to_have_count(1)
    await group.stop()
    await expect(page.locator("#banner")).to_contain_text("正在重连")
    await say(page, "断线时说的")
    await expect(page.locator(".row.pending")).to_have_count(1)
    await group.start()
    await group.console.send(ORDERS, Reply("断线时来的"), key="missed")
    done = Card(title="已退款", number="A17", tone=Tone.DONE, lines=("断线时批的",))
    await group.console.update(group.cards[0], Reply("已退款", card=done), key="approved")
    await expect(bubbles(page, "断线时来的")).to_have_count(1)
    await expect(bubbles(page, "收到：断线时说的")).to_have_count(1)
    await expect(page.locator(".card")).to_have_count(1)
    await expect(page.locator(".card")).to_contain_text("断线时批的")
    await expect(page.locator(".row.pending")).to_have_count(0)
    await expect(page.locator(".row.mine .bubble", has_text="断线时说的")).to_have_count(1)
    assert sum(m.text == "断线时说的" for m in group.said.values()) == 1


async def test_a_button_that_asks_sends_nothing_before_it_is_answered(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("zhou", chat="orders")
    await say(page, "退款 0417")
    await page.get_by_role("button", name="拒绝…").click()
    sheet = page.locator("#sheet")
    await expect(sheet).to_contain_text("为什么拒绝？")
    await expect(sheet.get_by_role("button", name="拒绝")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    assert not group.clicks
    await page.get_by_role("button", name="拒绝…").click()
    await sheet.get_by_text("凭证不足").click()
    await sheet.get_by_role("button", name="拒绝").click()
    await expect(page.locator(".card")).to_contain_text("周敏：凭证不足")
    assert [c.values for c in group.clicks.values()] == [(("reason", "凭证不足"),)]


async def test_free_text_is_asked_for_and_given_back(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("zhou", chat="orders")
    await say(page, "退款 0417")
    await page.get_by_role("button", name="转给…").click()
    await page.locator("#sheet textarea").fill("陈晨，他熟")
    await page.locator("#sheet").get_by_role("button", name="转给").click()
    await expect(page.locator(".row.private")).to_contain_text("forward 陈晨，他熟")
    await expect(page.get_by_role("button", name="同意")).to_be_enabled()


@pytest.mark.parametrize("dark", [False, True])
async def test_hostile_text_breaks_neither_page_nor_layout(group: Scripted, open_page: OpenPage, dark: bool) -> None:
    page = await open_page("li", chat="orders", dark=dark)
    endless, reversed_ = "长" * 500 + "w" * 10_000, "\u202egnp.exe\u202c"
    await group.console.send(ORDERS, Reply(HOSTILE + endless), key="a")
    nasty = Card(
        title=HOSTILE + "t" * 300, number="N" * 90, lines=(endless, HOSTILE, reversed_, "x\n" * 400), footer="f" * 400
    )
    await group.console.send(ORDERS, Reply("", card=nasty), key="b")
    await say(page, HOSTILE + "y" * 3000)
    await expect(page.locator(".row.mine .bubble")).to_have_count(1)
    await expect(page.locator(".card")).to_contain_text("<script>")
    assert await page.title() != "hit"
    assert await page.locator("#log script, #log img[src=x]").count() == 0
    wide = await page.evaluate("[document.documentElement.scrollWidth, document.getElementById('log').scrollWidth]")
    assert max(wide) <= 375
    too_wide = "[...document.querySelectorAll('#log *')].filter(e => e.getBoundingClientRect().right > 376 && e.offsetParent).length"
    assert await page.evaluate(too_wide) == 0
    assert "\u202e" not in await page.inner_text("#log")
    assert next(iter(group.said.values())).text.startswith("<script>")
    shot = await page.screenshot()
    assert len(shot) > 20_000


async def test_a_long_text_is_folded_and_opens(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await group.console.send(ORDERS, Reply("很长" * 900 + "完"), key="a")
    await page.get_by_role("button", name="展开全文").click()
    await expect(page.get_by_role("button", name="展开全文")).to_have_count(0)
    assert (await bubbles(page, "很长").inner_text()).endswith("完")


async def test_a_text_too_long_to_say_is_refused_in_words(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await page.evaluate("document.getElementById('input').value = 'z'.repeat(5000)")
    await page.locator("#input").press("Enter")
    await page.locator("#input").type("z")
    await page.locator("#input").press("Enter")
    await expect(page.locator(".toast").first).to_contain_text("上限 4000 字")
    assert not group.said


async def test_a_photo_is_sent_shown_and_opened(group: Scripted, open_page: OpenPage) -> None:
    li, zhou = await open_page("li", chat="orders"), await open_page("zhou", chat="orders")
    await li.set_input_files(
        "#picker", {"name": "破损.png", "mimeType": "image/png", "buffer": png(2400, 1200, (200, 40, 40))}
    )
    await expect(li.locator(".row.mine:not(.pending) .picture img")).to_be_visible()
    picture = zhou.locator(".picture img")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 1600)  # a phone's photo is made smaller before it leaves
    await zhou.locator(".picture").click()
    await expect(zhou.locator("#viewer img")).to_be_visible()
    await zhou.keyboard.press("Escape")
    await expect(zhou.locator("#viewer")).to_be_hidden()
    [message] = group.said.values()
    blob = group.console.attachment(message.attachments[0].media_id)
    assert blob
    assert blob.media_type == "image/png"


async def test_a_file_of_ours_downloads_and_a_program_is_not_taken(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await say(page, "文件")
    async with page.expect_download() as waiting:
        await page.locator(".file").click()
    download = await waiting.value
    assert download.suggested_filename == "超时明细.csv"
    assert (await download.path()).read_bytes() == "单号,金额\n".encode("utf-8-sig")
    await page.set_input_files("#picker", {"name": "run.exe", "mimeType": "image/png", "buffer": b"MZ not a picture"})
    await expect(page.locator(".failed-text")).to_contain_text("收不了")


async def test_quick_answers_under_a_text_are_clicks(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await say(page, "8000")
    await page.get_by_role("button", name="拼多多 · 抱枕").click()
    await expect(page.locator(".row.private")).to_contain_text("好的：pick")
    assert [c.token for c in group.clicks.values()] == ["pick:2"]


async def test_slash_and_at_suggest_by_keyboard(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await page.locator("#input").press_sequentially("/")
    await expect(page.locator("#popup [role=option]").first).to_contain_text("查单")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#input")).to_have_value("待办")
    await page.keyboard.press("Enter")
    await expect(bubbles(page, "收到：待办")).to_be_visible()
    assert [m.addressed for m in group.said.values()] == [True]
    await page.locator("#input").press_sequentially("@周")
    await page.keyboard.press("Tab")
    await expect(page.locator("#input")).to_have_value("@周敏 ")


async def test_switching_person_changes_marks_and_private_messages(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders", size=DESK)
    await say(page, "私下 看收件人")
    await expect(page.locator(".row.private")).to_have_count(1)
    await page.locator("#switch").click()
    await page.locator('[data-person="zhou"]').click()
    await expect(page.locator("#me")).to_contain_text("周敏")
    await expect(page.locator(".bubble", has_text="私下 看收件人")).to_have_count(1)
    await expect(page.locator(".row.private")).to_have_count(0)
    assert "as=zhou" in page.url
    await expect(page.locator('[data-chat="stock"]')).to_have_count(0)


async def test_a_direct_conversation_is_between_two(group: Scripted, open_page: OpenPage) -> None:
    li, zhou = await open_page("li"), await open_page("zhou")
    await li.locator('[data-chat="@li"]').click()
    await say(li, "悄悄问")
    await expect(bubbles(li, "收到：悄悄问")).to_be_visible()
    assert [m.chat for m in group.said.values()] == [ChatRef("console", "li", ChatKind.DIRECT)]
    assert "悄悄问" not in await zhou.content()


async def test_the_tour_fills_the_composer_and_remembers(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("zhou", chat="orders")
    await page.locator('[data-step="ask"] >> text=试一下').click()
    await expect(page.locator("#me")).to_contain_text("李芳")
    await expect(page.locator("#input")).to_have_value("0417 到哪了")
    await page.locator("#input").press("Enter")
    await expect(page.locator('[data-step="ask"].done')).to_have_count(1)
    await page.reload()
    await expect(page.locator(".tour-count")).to_have_text("1/2")
    await page.locator(".tour-head").click()
    await expect(page.locator(".tour-steps")).to_have_count(0)


async def test_a_step_of_the_tour_typed_by_hand_is_done_too(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await page.locator("#input").fill("随便说一句")
    await page.locator("#input").press("Enter")
    await expect(page.locator(".tour-count")).to_have_text("0/2")
    await page.locator("#input").fill("@小单 0417 到哪了")
    await page.locator("#input").press("Enter")
    await expect(page.locator('[data-step="ask"].done')).to_have_count(1)


async def test_older_messages_come_while_scrolling_up(group: Scripted, open_page: OpenPage) -> None:
    for number in range(95):
        await group.console.send(ORDERS, Reply(f"第 {number} 条"), key=f"n{number}")
    page = await open_page("li", chat="orders")
    await expect(page.locator("#log .row")).to_have_count(40)
    for seen in (80, 95):
        await page.evaluate("document.getElementById('log').scrollTop = 0")
        await expect(page.locator("#log .row")).to_have_count(seen)
    texts = await page.locator("#log .bubble").all_inner_texts()
    assert texts == [f"第 {number} 条" for number in range(95)]


async def test_a_picture_that_arrives_late_does_not_push_the_end_away(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    for number in range(12):
        await group.console.send(ORDERS, Reply(f"第 {number} 条"), key=f"n{number}")
    await say(page, "图")
    await expect(page.locator(".picture img")).to_have_js_property("naturalWidth", 640)
    gap = "(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.getElementById('log'))"
    assert await page.evaluate(gap) < 2


async def test_links_lead_only_to_our_own_pages(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await say(page, "退款 0417")
    await expect(page.locator(".card")).to_be_visible()
    assert await page.locator(".card a").evaluate_all("all => all.map(a => a.getAttribute('href'))") == ["/p/order/abc"]


async def test_the_composer_is_usable_by_keyboard_alone(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders", size=DESK)
    await expect(page.locator("#input")).to_be_focused()
    await page.keyboard.type("一行")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("两行")
    await page.keyboard.press("Enter")
    await expect(page.locator(".row.mine .bubble")).to_have_text("一行\n两行")
    unnamed = "[...document.querySelectorAll('button, a, textarea')].filter(e => !(e.getAttribute('aria-label') || e.innerText.trim())).length"
    assert await page.evaluate(unnamed) == 0


async def test_a_session_that_the_server_forgot_is_renewed_quietly(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await group.stop()
    group.signer = Signer(b"another-secret-after-the-restart")
    await group.start()
    await say(page, "还认得我吗")
    await expect(bubbles(page, "收到：还认得我吗")).to_be_visible()
    assert len(group.said) == 1
    await group.console.send(ORDERS, Reply("实时也恢复了"), key="live")
    await expect(bubbles(page, "实时也恢复了")).to_be_visible()


async def test_a_group_opened_meanwhile_appears(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li")
    new = group.console.open_group("tech", "系统通知")
    await group.console.send(new, Reply("拼多多 43 分钟没同步成功"), key="k")
    row = page.locator('[data-chat="tech"]')
    await expect(row).to_contain_text("拼多多 43 分钟没同步成功")
    await expect(row.locator(".badge")).to_have_text("1")
    await row.click()
    await expect(bubbles(page, "拼多多")).to_be_visible()


async def test_the_line_between_read_and_unread_is_shown(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await group.console.send(ORDERS, Reply("读过的"), key="a")
    await expect(bubbles(page, "读过的")).to_be_visible()
    await page.locator(".back").click()
    await group.console.send(ORDERS, Reply("没读过的"), key="b")
    await expect(page.locator('[data-chat="orders"] .badge')).to_have_text("1")
    await page.locator('[data-chat="orders"]').click()
    await expect(page.locator(".unread-line")).to_contain_text("以下是新消息")
    order = "[...document.querySelectorAll('#log > *')].map(e => e.className.split(' ')[0]).join(' ')"
    assert (await page.evaluate(order)).endswith("row unread-line row")


async def test_a_countdown_runs_on_the_card(group: Scripted, open_page: OpenPage) -> None:
    page = await open_page("li", chat="orders")
    await group.console.send(ORDERS, Reply("", card=refund(due=group.clock.now() + timedelta(seconds=30))), key="k")
    clock = page.locator(".due")
    await expect(clock).to_have_attribute("data-urgency", "now")
    before = await clock.inner_text()
    await expect(clock).not_to_have_text(before)
    await expect(clock).to_have_text(re.compile(r"剩 2\d 秒"))


async def test_a_day_stays_with_its_hour_and_no_line_begins_with_a_dot(open_page: OpenPage) -> None:
    page = await open_page("li")
    kept = await page.evaluate(
        "async () => (await import('/console/static/dom.js')).withMarks('🔴 时限 今天 16:22  ·  昨天 见 11-19 09:00 · 抖音')[2]"
    )
    assert kept == " 时限 今天\u00a016:22\u00a0·  昨天 见 11-19\u00a009:00\u00a0· 抖音"
