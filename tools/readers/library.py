"""The `reader` library, in a Python of its own: URLs as arguments; for each line in, update, one line out.

Out come its entries by feed as JSON, or, for the line `update`, how many were new and changed.
"""

import json
import sys

from reader import make_reader

reader = make_reader(sys.argv[1])
for url in sys.argv[2:]:
    reader.add_feed(url, exist_ok=True)


def told(entry):
    """An entry as a person would see it."""
    content = entry.get_content()
    return {
        "id": entry.id,
        "title": entry.title,
        "link": entry.link,
        "author": entry.authors[0].name if entry.authors else "",
        "published": entry.published.timestamp() if entry.published else None,
        "enclosures": [one.href for one in entry.enclosures],
        "text": content.value if content else "",
        "source": entry.source.title if entry.source else "",
    }


for line in sys.stdin:
    if line.strip() == "update":
        said = {}
        # By itself it would wait for what our `Cache-Control: max-age` says.
        for result in reader.update_feeds_iter(scheduled=False):
            value = result.value
            said[result.url] = [value.new, value.modified] if hasattr(value, "new") else repr(value)
    else:
        said = {url: [told(one) for one in reader.get_entries(feed=url)] for url in sys.argv[2:]}
    print(json.dumps(said), flush=True)
