"""Commands that only look: what an edit would do, and what publishers see of us."""

from tests.e2e.source import rss


def test_what_an_edit_would_do(place):
    """`check --diff` says it source by source, and changes nothing."""
    feed = place.directory / "a.xml"
    feed.write_text(
        "<rss version='2.0'><channel><title>Letters</title><link>https://a.example/</link>"
        "<item><guid>1</guid><title>One</title></item></channel></rss>"
    )
    place.write("feeds: [{url: 'file:a.xml', category: one}]\n", head="")
    assert place.run("once").returncode == 0
    assert "no source is added, edited or removed" in place.run("check", "--diff").stdout
    place.write("feeds: [{url: 'file:a.xml', category: two}, 'https://new.example/feed']\n", head="")
    said = place.run("check", "--diff").stdout
    assert "+ https://new.example/feed: new" in said
    assert "~ Letters (confidential source 1): edited; posts that are classified again: 1" in said
    place.write("feeds: ['https://new.example/feed']\n", head="")
    said = place.run("check", "--diff").stdout
    assert "- Letters: not in the file any more; posts that leave the documents: 1" in said


def test_what_publishers_see(place, sources):
    """One request without a validator, the rest with what the server gave."""
    sources.put("a.xml", rss("a", "one"))
    feed = f"{{url: '{sources.url('a.xml')}', private: true, title: A, every: 1s}}"
    place.write(f"feeds: [{feed}]\n")
    for _ in range(3):
        assert place.run("once", "--all").returncode == 0
    said = place.run("status", "--politeness").stdout
    row = next(line for line in said.splitlines() if line.startswith("A "))
    requests, conditional, unconditional, *rest = map(int, row.split()[1:])
    assert (requests, conditional, unconditional) == (3, 2, 1)
    assert rest == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0]  # the source of these tests gives an ETag alone
