"""What leaves the house: names, numbers, addresses, amounts never; what a question needs, always."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.understand import Lexicon, understand
from domain.understand.normal import normalise
from domain.understand.veil import Veiled, veil

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
LEXICON = Lexicon.build(
    people=["陈店长", "张明", "欧阳金丝雀", "Li Wei", "Ｄave"],
    warehouses={"杭州仓": ()},
    shops={"抖音旗舰店": ()},
    skus={"SF-GREY": ("沙发套-灰",)},
)


def veiled(text: str, lexicon: Lexicon = LEXICON, secrets: tuple[str, ...] = ()) -> Veiled:
    return veil(text, understand(text, now=NOW, lexicon=lexicon), lexicon, secrets)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("王小明的包裹跑哪儿溜达去了 6920123456780417", ("王小明", "6920123456780417", "0417")),
        ("客户李娜说电话一三八零零一三八零零零", ("李娜", "一三八零零一三八零零零")),
        ("138-0013-8000 这位到底咋整", ("138-0013-8000", "8000")),
        ("１３８００１３８０００ 啥情况", ("13800138000", "１３８００１３８０００")),
        ("寄到浙江省温州市鹿城区五马街道公园路88号3幢1201室靠谱不", ("公园路", "1201", "鹿城区", "五马")),
        ("余杭区文一西路998号5幢的那个", ("文一西路", "998", "5幢")),
        ("SF1234567890123 跑丢了没", ("SF1234567890123", "sf1234567890123")),
        ("这位想讨回 ¥1,234.50 说得过去不", ("1,234.50", "1234")),
        ("赔两百五十块行不行啊", ("两百五十",)),
        ("A17 那张咋回事", ("A17", "a17")),
        ("发邮件给 wang.fang@example.com 没", ("wang.fang", "example.com")),
        ("看看 https://evil.example/x?phone=13800138000 里说的", ("evil", "13800138000")),
        ("where the heck is John Smith's parcel", ("john", "smith")),
        ("ship it to 1600 Amphitheatre Parkway Road, Mountain View", ("1600", "amphitheatre")),
        ("my name is maria gonzalez, what gives", ("maria", "gonzalez")),
        ("阿卜杜拉·买买提的货没影了", ("阿卜杜拉", "买买提")),
        ("王先生又来催了 李女士也是", ("王先生", "李女士")),
        ("老周让我问那箱东西", ("老周",)),
        ("尾号0417的那位", ("0417",)),
        ("138****5678 的东西呢", ("138****5678", "5678")),
        ("6920…0417 溜达到哪了", ("0417", "6920")),
        ("二维码里写的是六九二零一二三四五六七八零四一七", ("六九二零一二三四五六七八零四一七",)),
        ("@陈店长 看看 d a v e 在忙啥", ("陈店长", "dave", "d a v e")),
        ("微信 wxid_a1b2c3d4e5 加他", ("wxid_a1b2c3d4e5",)),
        ("身份证330302199001011234", ("330302199001011234",)),
    ],
)
def test_what_names_somebody_or_something_stays_here(text: str, hidden: tuple[str, ...]) -> None:
    seen = veiled(text)
    for each in hidden:
        assert each not in seen.text, seen.text
    assert not seen.leaks()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("上个月哪个平台的钱退得最凶", "上个月哪个平台的钱退得最凶"),
        ("近30天各仓哪个发得最磨蹭", "近30天各仓哪个发得最磨蹭"),
        ("p95 时效近7天怎么样", "p95 时效近7天怎么样"),
        ("双11那天爆了多少", "双11那天爆了多少"),
        ("2026年11月的营业情况", "2026年11月的营业情况"),
        ("哪些店这阵子最拉胯", "哪些店这阵子最拉胯"),
        ("抖音和拼多多哪边生意好", "抖音和拼多多哪边生意好"),
        ("how did we do last week on Amazon, by channel", "how did we do last week on amazon, by channel"),
        ("订单多了还是少了，退货率高吗", "订单多了还是少了,退货率高吗"),
    ],
)
def test_what_a_question_needs_leaves_as_it_is(text: str, kept: str) -> None:
    assert veiled(text).text == kept


def test_placeholders_map_back_to_what_the_parser_read() -> None:
    seen = veiled("张明问 6920123456780417 和杭州仓的沙发套-灰 咋样")
    kinds = {name.partition("_")[0]: each for name, each in seen.tokens.items()}
    assert kinds["ORDER"].value == "6920123456780417"
    assert kinds["ORDER"].slot == "order_no"
    assert kinds["SKU"].value == "SF-GREY"
    assert kinds["WAREHOUSE"].value == "杭州仓"
    assert kinds["NAME"].value == "张明"


def test_what_was_hidden_once_is_hidden_everywhere() -> None:
    seen = veiled("客户赵铁柱的货。铁柱说赵铁柱没收到 赵铁柱")
    assert "赵铁柱" not in seen.text


def test_a_receiver_known_from_the_order_is_hidden_whatever_the_name() -> None:
    seen = veiled("一朵小花说没收到 6920123456780417", secrets=("一朵小花",))
    assert "一朵小花" not in seen.text


def test_what_still_looks_personal_is_not_sent() -> None:
    assert Veiled("打 13800138000 给她").leaks()
    assert Veiled("住 3幢1201室").leaks()
    assert Veiled("王小芳到了", known=frozenset({"王小芳"})).leaks()
    assert not Veiled("近30天怎么样").leaks()


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), min_size=2, max_size=14).filter(
    lambda name: sum(letter.isalpha() for letter in name) >= 2
)
AROUND = st.sampled_from(["{} 的货没影了咋办", "客户{}骂街了", "{0}和{0}啥情况", "what about {}?", "把{}的东西看看", "{}"])


@settings(max_examples=200, deadline=None)
@given(name=HOSTILE, frame=AROUND)
def test_no_name_of_a_colleague_leaves_however_it_is_written(name: str, frame: str) -> None:
    lexicon = Lexicon.build(people=[name])
    seen = veil(frame.format(name), understand(frame.format(name), now=NOW, lexicon=lexicon), lexicon)
    plain = re.sub(r"\s+", "", normalise(name)[0])
    left = re.sub(r"\s+", "", re.sub(r"<[A-Z]+_\d+>", "|", seen.text))
    assert len(plain) < 2 or plain not in left or seen.leaks()


@settings(max_examples=150, deadline=None)
@given(
    family=st.sampled_from(
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈"
    ),
    name=st.text(
        st.sampled_from("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰萍红梅鑫宇浩轩梓涵雨桐欣怡诗琪淼垚犇焱煜翀"),
        min_size=1,
        max_size=2,
    ),
    frame=st.sampled_from(
        ["{}的货没影了咋办", "帮我瞅瞅{}的东西", "{}昨天买的那个咋整", "客户{}，说要骂街", "{} 那件", "问{}收到没"]
    ),
)
def test_an_ordinary_name_does_not_leave_where_names_stand(family: str, name: str, frame: str) -> None:
    said = frame.format(family + name)
    assert family + name not in veiled(said).text, veiled(said).text


@settings(max_examples=200, deadline=None)
@given(
    digits=st.text("0123456789", min_size=5, max_size=24),
    gap=st.sampled_from(["", " ", "-", "  ", ".", "·", "\u200b", ","]),
    wide=st.booleans(),
    frame=AROUND,
)
def test_no_long_number_leaves_however_it_is_written(digits: str, gap: str, wide: bool, frame: str) -> None:
    written = gap.join(digits)
    if wide:
        written = written.translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)})
    seen = veiled(frame.format(written))
    left = re.sub(r"<[A-Z]+_\d+>", "|", seen.text)
    assert digits not in re.sub(r"[^0-9|]", "", left) or seen.leaks()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_veiled_without_fail_and_no_bracket_is_left_but_ours(text: str) -> None:
    seen = veiled(text)
    assert set(re.findall(r"<([^<>]*)>", seen.text)) == set(seen.tokens)
    assert seen.text.count("<") == seen.text.count(">")
