"""Values that the tests of this room share: a site, categories, and posts with every field filled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.model import (
    Category,
    Enclosure,
    Member,
    Output,
    Person,
    Post,
    PostId,
    Shown,
    Site,
    SiteIdentity,
    Slug,
    SourceInfo,
    Url,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def site():
    return Site(
        title="金融消息",
        url="https://news.example.org/",
        language="zh-CN",
        timezone="Asia/Shanghai",
        author="金融消息编辑部",
        contact="https://news.example.org/about",
    )


@pytest.fixture
def identity():
    return SiteIdentity("0f0e0d0c-0b0a-4908-8706-050403020100", NOON)


@pytest.fixture
def categories():
    listed = (Category(Slug("markets"), "市场", "股市与债市"), Category(Slug("macro"), "宏观"))
    return {category.slug: category for category in listed}


@pytest.fixture
def output():
    return Output()


@pytest.fixture
def make():
    """Makes a post by number; keyword arguments replace its fields."""

    def build(number=1, **fields):
        host = "https://source.example"
        post = Post(
            id=PostId(f"tag:source.example,2026:{number}"),
            source=Url(f"{host}/feed.xml"),
            guid=f"tag:source.example,2026:{number}",
            title=f"第{number}条 & 其他",
            link=f"{host}/{number}?a=1&b=2",
            published=NOON - timedelta(hours=number),
            updated=NOON - timedelta(minutes=number),
            first_seen=NOON,
            origin=SourceInfo(
                id=f"{host}/",
                title="财新 <网>",
                home=f"{host}/",
                feed=f"{host}/feed.xml",
                updated=NOON,
                rights="© 2026 财新",
                license="https://licence.example/by/4.0/",
            ),
            categories=(Slug("markets"), Slug("macro")),
            tags=("Fed", "利率"),
            authors=(Person("张三", f"{host}/zhang"), Person("Li Si")),
            summary="<p>摘要。</p>",
            content=f"<p>正文 {number}，<b>5 &lt; 6</b>。</p>",
            language="zh",
            enclosures=(Enclosure(f"{host}/{number}.mp3", "audio/mpeg", 1234, "音频"),),
        )
        return replace(post, **fields)

    return build


@pytest.fixture
def full(make):
    """A story with everything: its primary and one more member."""
    other = SourceInfo(id="https://other.example/", title="Other & Co", home="https://other.example/")
    return Shown(make(), also_in=(Member(other, "https://other.example/x?y=1&z=2"),))
