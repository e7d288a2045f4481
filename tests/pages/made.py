"""Pages of two sites, with posts in several languages and scripts, as they are looked at in a browser.

What the posts say is said about this program, so that nobody is quoted.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.model import (
    Category,
    Enclosure,
    Member,
    Output,
    Person,
    Polling,
    Post,
    PostId,
    Shown,
    Site,
    Slug,
    Source,
    SourceInfo,
    Url,
)
from aggregator.publish import Entry, about, category_page, home, post_page, stylesheet
from aggregator.syntax import html

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LONG = "https://source.example/" + "a-very-long-address-without-any-place-to-break/" * 4 + "feed.xml"

ENGLISH = (
    ("Asking “anything new?” costs almost nothing",
     "A server may name the version that it sends, with an ETag or a date. The next request carries that "
     "name back, byte for byte, and a server that has nothing new answers 304 without a body."),
    ("The feed that comes out is Atom",
     "Every category has one subscription document. An entry keeps the id that its source gave it, dates "
     "that were believed once and then stay, and the source itself with its title, its id and its links."),
    ("One story, told in two places, is shown once",
     "Two sources that carry the same article usually link to the same page, only with other tracking "
     "parameters. Links are therefore compared in a canonical form."),
    ("Rules search with RE2, in time that grows with the text and nothing else, whatever is written", ""),
    ("What comes from a feed is not trusted",
     "Only tags, attributes and URL schemes of a short list pass. Scripts, frames and forms do not."),
    ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsordnungsentwurf",
     "A word may be longer than a telephone is wide."),
)  # fmt: skip
CHINESE = (
    ("从两行配置开始",
     "最小的配置文件只有两行。保存之后即可生效；写错时会指出行号和列号，原来的配置继续使用。"),
    ("用模板分类、加标签：一个源里的每一位作者，都可以成为一个分类，每篇文章自己的每个分类都成为标签",
     "写好模板，每位作者就是一个分类；文章自己的每个分类都成为标签。模板要放在单引号里。"),
    ("“同一件事”只讲一次",
     "几个来源讲同一件事时，只显示其中一篇，其余的列在旁边。数字、名称和方向不能不同：涨不是跌。"),
    ("没有时区的日期",
     "有些源的日期不带时区。为它写上 Asia/Shanghai，日期就按北京时间理解。发布时间确定以后不再改变，"
     "也不会晚于第一次看到它的时间。"),
    ("去掉不想看的文章", ""),
)  # fmt: skip
ARABIC = (
    ("قراءة موجزات RSS وAtom في مكان واحد",
     "يجمع البرنامج المقالات من مصادر متعددة، ويرتبها في فئات، وينشرها مع ذكر المصدر ورابط المقال الأصلي."),
    ("لا تُعرض القصة الواحدة إلا مرة واحدة",
     "عندما تنشر عدة مصادر الخبر نفسه، يظهر مرة واحدة، وتُذكر المصادر الأخرى بجانبه."),
)  # fmt: skip
JAPANESE = (
    ("フィードの日付は一度だけ決まる",
     "投稿の日付は初めて見たときに決まり、その後は変わりません。読者には同じ記事が二度届きません。"),
)  # fmt: skip


def _source(name, title, license=""):
    home = f"https://{name}.example/"
    return SourceInfo(id=home, title=title, home=home, feed=f"{home}feed.xml", updated=NOON, license=license)


NOTES = _source("notes", "Notes on feeds", "https://creativecommons.org/licenses/by/4.0/")
OTHER = _source("workshop", "The Workshop & Co.")
USAGE = _source("yongfa", "聚合器用法")
ARAB = _source("arab", "مذكرات عن الموجزات")
JAPAN = _source("japan", "フィードの手帖")


def _posts(texts, origin, language, slugs, tags=()):
    return [
        Shown(
            Post(
                id=PostId(f"tag:{origin.id[8:-1]},2026:{number}"),
                source=Url(origin.feed),
                guid=str(number),
                title=title,
                link=f"{origin.home}{number}",
                published=NOON - timedelta(hours=7 * number),
                updated=NOON - timedelta(hours=7 * number),
                first_seen=NOON,
                origin=origin,
                categories=tuple(map(Slug, slugs)),
                tags=tags if number % 2 else (),
                authors=(Person("Ann Author"),) if number % 3 else (),
                summary=f"<p>{text}</p>" if text else "",
                content=f"<p>{text}</p>" if text else "",
                language=language,
            ),
            also_in=(Member(OTHER, "https://workshop.example/1"), Member(USAGE, "https://yongfa.example/x"))
            if number == 2
            else (),
        )
        for number, (title, text) in enumerate(texts)
    ]


CATEGORIES = (
    Category(Slug("radar"), "Feeds and readers", "How posts come in, and what goes out.", "en"),
    Category(Slug("yongfa"), "用法", "每条讲一个用法，随程序一起提供。", "zh-CN"),
    Category(Slug("arabi"), "عن البرنامج", "ما يفعله البرنامج، بالعربية.", "ar"),
    Category(Slug("empty"), "Nothing yet"),
)
ENTRIES = {
    "radar": sorted(
        [
            *_posts(ENGLISH, NOTES, "en", ["radar"], ("Polling", "RFC 9110")),
            *_posts(JAPANESE, JAPAN, "ja", ["radar"]),
        ],
        key=lambda shown: (shown.post.published, shown.post.id),
        reverse=True,
    ),
    "yongfa": _posts(CHINESE, USAGE, "zh-CN", ["yongfa"], ("配置", "分类")),
    "arabi": [*_posts(ARABIC, ARAB, "ar", ["arabi"]), *_posts(ENGLISH[:2], NOTES, "en", ["arabi"])],
    "empty": [],
}
# What articles have that is wider than a telephone, or that pages have a use of their own for.
RICH = html.sanitize(
    """<h2>One</h2><p>Text with <code>code</code>, a <a href="https://notes.example/x">link</a> and
    <mark>a mark</mark>.</p><h1>Another title</h1><pre><code>feeds:
  - url: https://example.org/a/very/long/address/that/does/not/fit/on/a/telephone/feed.xml</code></pre>
    <table><tr><th>Header of a column</th><th>Another column</th><th>A third</th><th>A fourth</th></tr>
    <tr><td>1</td><td>2</td><td>3</td><td>4</td></tr></table>
    <blockquote><p>Said elsewhere.</p></blockquote><ul><li>One</li><li>Two</li></ul>""",
    "https://notes.example/",
)
POSTS = {
    "post/2026/11/rich-0001.html": replace(
        ENTRIES["radar"][0],
        post=replace(
            ENTRIES["radar"][0].post,
            content=RICH,
            language="en",
            enclosures=(Enclosure("https://notes.example/a.mp3", "audio/mpeg", 12_300_000, "To hear"),),
        ),
    ),
    "post/2026/11/moban-0002.html": ENTRIES["yongfa"][2],
    "post/2026/11/arabi-0003.html": ENTRIES["arabi"][0],
}
SITES = {
    "en": Site(
        title="Feeds in one place",
        url="https://news.example.org/",
        language="en",
        author="Feeds in one place",
        contact="https://news.example.org/contact",
    ),
    "zh": Site(
        title="聚合阅读",
        url="https://news.example.org/",
        language="zh-CN",
        timezone="Asia/Shanghai",
        author="聚合阅读",
        contact="mailto:feeds@example.org",
    ),
}
SOURCES = (
    Source(Url(NOTES.feed)),
    Source(Url(USAGE.feed)),
    Source(Url(ARAB.feed)),
    Source(Url(LONG), paused=True),
    Source(Url("https://secret.example/?key=1"), title="内部", confidential=True),
)
INFOS = {Url(info.feed): info for info in (NOTES, USAGE, ARAB, JAPAN)}


def documents(language):
    """Every page of a site (`en` or `zh`), by path."""
    site, output = SITES[language], Output()
    made = [
        stylesheet(),
        home([(one, [*map(Entry, ENTRIES[one.slug])]) for one in CATEGORIES], site=site, output=output),
        about(SOURCES, INFOS, site=site, output=output, polling=Polling()),
        *(
            category_page(one, [*map(Entry, ENTRIES[one.slug])], site=site, output=output)
            for one in CATEGORIES
        ),
        *(
            post_page(path, shown, site=site, output=output, categories={one.slug: one for one in CATEGORIES})
            for path, shown in POSTS.items()
        ),
    ]
    return {document.path: document.body for document in made}
