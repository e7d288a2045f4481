"""Pure. From what a feed said to what we say: an Entry becomes a Post.

`info` is what a document says of its feed, `normalize` makes one entry a post or says why it cannot be one,
`wanted_id` and `mint` are about ids, `place_undated` sees the whole document. What takes the store (ids that
are taken, links that several entries share) is decided elsewhere.
"""

from aggregator.normalize.bounds import bounded as bounded
from aggregator.normalize.bounds import room as room
from aggregator.normalize.bounds import size as size
from aggregator.normalize.identity import mint as mint
from aggregator.normalize.identity import wanted_id as wanted_id
from aggregator.normalize.origin import concealed as concealed
from aggregator.normalize.origin import info as info
from aggregator.normalize.post import normalize as normalize
from aggregator.normalize.undated import place_undated as place_undated
from aggregator.normalize.undated import will_stay as will_stay
