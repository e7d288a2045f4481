"""What tells the same in other words, and what only looks so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe.similarity import Telling, compare

MARKET = (
    "财联社3月5日电，沪指午后震荡走强，截至收盘，沪指涨0.5%，报3012.45点，深成指涨0.8%，创业板指涨1.2%。"
    "盘面上，半导体、银行板块表现突出，煤炭、钢铁板块居后。两市成交额达8532亿元，比前一日放量312亿元。"
    "分析人士认为，短期市场仍处于整固阶段，投资者宜控制仓位，量能能否持续有待观察。"
)
COMPANY = (
    "BOSTON, March 3 (Reuters) - The maker of pumps and valves Acme Inc said on Monday that its net income "
    "rose 5.2% to $204 million in the quarter, helped by steady demand in Brazil. Chief Executive Anna "
    "Keller said Acme would invest $30 million in a second plant near Denver and hire 450 people by the end "
    "of next year. Analysts had expected earnings of $1.10 per share. The shares were little changed in "
    "early trading."
)
TITLES = {MARKET: "A股收评：沪指涨0.5%", COMPANY: "Acme profit rises 5.2%"}


def told(text, title=None):
    """A post with this text, and with the title that it has by itself."""
    return Telling(TITLES.get(text, "") if title is None else title, text)


def against(text, *changes, title=None):
    """What speaks against the text being told once more, with these pairs of strings replaced in it."""
    other, its_title = text, TITLES[text] if title is None else title
    for old, new in changes:
        assert old in other + its_title
        other, its_title = other.replace(old, new), its_title.replace(old, new)
    there = compare(told(text), told(other, its_title))
    assert there == compare(told(other, its_title), told(text))
    return there.against


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (MARKET, []),
        (MARKET, [("，", ","), ("0.5%", "０．５％"), ("3012.45", "3,012.45")]),
        (MARKET, [("财联社3月5日电，", "")]),
        (MARKET, [("财联社3月5日电，沪指午后震荡走强，", "界面新闻6日获悉，大盘尾盘跌多涨少，")]),
        (MARKET, [("财联社3月5日电", "【转载】来源：界面新闻 记者从有关方面获悉")]),
        (
            MARKET,
            [("有待观察。", "有待观察。（责任编辑：何一华）免责声明：本文仅代表作者个人观点，与本网无关。")],
        ),
        (MARKET, [("比前一日", "较前一日"), ("表现突出", "走势活跃"), ("认为", "指出")]),
        (COMPANY, [("BOSTON, March 3 (Reuters) - ", "")]),
        (COMPANY, [("Reuters", "AP"), ("said on Monday", "said Monday")]),
        (COMPANY, [("$204", "204"), ("Acme Inc", "ACME INC."), ("end of next year", "end of  next\nyear")]),
        (COMPANY, [("Analysts had expected", "Wall Street was looking for"), ("in early trading", "")]),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else None,
)
def test_a_copy(text, changes):
    """What editors and feeds do to a text on its way."""
    assert against(text, *changes) == ""


@pytest.mark.parametrize(
    ("text", "changes", "why"),
    [
        (MARKET, [("涨0.5%", "跌0.5%")], "opposite words: "),
        (MARKET, [("沪指涨0.5%", "沪指涨0.6%")], "numbers differ: "),
        (MARKET, [("8532亿", "8532万")], "opposite words: "),
        (MARKET, [("3月5日", "3月6日")], "numbers differ: 5 / 6"),
        (
            MARKET,
            [("0.5", "1.3"), ("0.8", "2.1"), ("3012.45", "3087.10"), ("1.2%", "0.7%")],
            "numbers differ: ",
        ),
        (MARKET, [("能否", "不能否")], "only one of them says no"),
        (COMPANY, [("rose 5.2%", "fell 5.2%"), ("rises", "falls")], "opposite words: "),
        (COMPANY, [("$204 million", "$204 billion")], "opposite words: "),
        (COMPANY, [("Monday", "Tuesday")], "opposite words: "),
        (COMPANY, [("204", "209")], "numbers differ: 204 / 209"),
        (COMPANY, [("Acme", "Halcyon")], "names differ: "),
        (COMPANY, [("Brazil", "Mexico")], "names differ: "),
        (COMPANY, [("would invest", "would not invest")], "only one of them says no"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else None,
)
def test_another_story(text, changes, why):
    """The same form with other facts, be it one alone."""
    assert against(text, *changes).startswith(why)


def test_the_title_alone_may_tell_them_apart():
    """A site that says no more than its terms of use in the text of every post."""
    assert against(MARKET, title="A股收评：沪指跌0.5%").startswith("opposite words")
    assert against(MARKET, title="A股收评：沪指涨1.5%").startswith("numbers differ")


def test_another_name_from_the_title_on():
    """Scripts without capitals: what stands for another throughout, in title and text."""
    text = (
        "贵州茅台公告称，公司三季度渠道结构持续优化，董事会审议通过了相关议案。"
        "贵州茅台方面表示将继续聚焦主业。"
    )
    one = Telling("贵州茅台：三季报披露", text)
    other = Telling(one.title.replace("贵州茅台", "五粮液"), text.replace("贵州茅台", "五粮液"))
    assert compare(one, other).against.startswith("names differ: ")
    assert compare(one, Telling("白酒龙头：三季报披露", text)).same


def test_slips_of_the_hand_excuse_a_digit():
    """A text that was scanned has them in numbers, too; a form that was filled in twice has no others."""
    slips = [("震荡", "震汤"), ("截至", "栽至"), ("半导体", "半异体"), ("突出", "突山"), ("短期", "短斯")]
    assert against(MARKET, *slips, ("3012.45", "3012.4")) == ""
    assert against(MARKET, ("3012.45", "3012.4")).startswith("numbers differ")
    assert against(MARKET, *slips, ("3012.45", "3187.62")).startswith("numbers differ")


def test_a_price_list_of_another_day():
    """Between its numbers there is less than would make a sentence."""
    around = (
        "国内现货市场主要有色金属报价如下，均为含税自提价：",
        "。上述价格仅供参考，实际成交以双方约定为准。",
    )
    lists = [
        "铜68350、铝19210、锌22480、铅16905、锡214750、镍131200",
        "铜69120、铝19455、锌22105、铅17130、锡211300、镍129850",
    ]
    one, other = (told(around[0] + prices + around[1] * 3, "有色金属价格一览") for prices in lists)
    assert compare(one, other).against.startswith("numbers differ")


def test_one_other_name_in_a_long_text():
    """An editor may say elsewhere where a country is meant; a form would say so more than once."""
    rest = (
        " It said so in a statement that its own people had no part in writing, and gave no more than that."
    )
    long, edited = COMPANY + rest * 3, (COMPANY + rest * 3).replace("Brazil", "Mexico")
    assert compare(told(long, "Acme"), told(edited, "Acme")).same
    assert not compare(told(long, "Acme"), told(edited.replace("Denver", "Austin"), "Acme")).same


def test_the_headline_may_be_another():
    """Where there is enough text to say so."""
    assert compare(told(MARKET), told(MARKET, "刚刚宣布！最新情况来了")).same
    assert compare(told(COMPANY), told(COMPANY, "Why everyone is talking about valves")).same


def test_short_posts_need_the_title():
    """A teaser of two lines is what a site puts under many titles."""
    teaser = (
        "This story is for subscribers only. Sign in to read it, or subscribe today for full access to us."
    )
    assert compare(told(teaser, "Rates held"), told(teaser, "Rates held")).same
    assert compare(told(teaser, "Rates held"), told(teaser, "Storm hits coast")).against == (
        "too short under another title"
    )


@pytest.mark.parametrize("text", ["", "沪指涨0.5%", "!!! ??? ..."])
def test_too_short_to_be_judged(text):
    """Titles alone merge nothing."""
    assert compare(told(text, "A股收评"), told(text, "A股收评")).against == "too short"


def test_a_sequel_repeats_half():
    """News of its own, and what was said before as background."""
    news = (
        "新华社北京6月1日电，有关部门已经介入调查，结果将及时向社会公布，当事各方正在就后续安排进行沟通，"
        "工作组连夜召开会议，对下一步措施作出部署，专家团队已经抵达并开展评估，更多细节尚未对外披露。"
    )
    sequel = compare(told(MARKET), told(news + MARKET[-70:], "后续进展"))
    assert sequel.against.startswith("only ")
    assert sequel.similarity < 0.65


def test_half_a_text_in_three_times_as_much():
    """A digest of the day that quotes a post is no copy of it."""
    rest = "".join(chr(0x4E00 + n * 7 % 5000) for n in range(600))
    assert compare(told(MARKET), told(rest + MARKET, "每日摘要")).against.startswith("only ")


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_any_two(one, other, title, other_title):
    """Whatever the texts are, the order does not matter, and a share is a share."""
    there = compare(Telling(title, one), Telling(other_title, other))
    assert there == compare(Telling(other_title, other), Telling(title, one))
    assert 0 <= there.similarity <= 1


@given(st.text(min_size=100, max_size=300), st.text(max_size=40))
def test_a_text_tells_the_same_as_itself(text, title):
    """Unless it is too short to tell anything."""
    assert compare(Telling(title, text), Telling(title, text)).against in ("", "too short")
