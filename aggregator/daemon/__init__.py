"""Shell. Composition: introduces adapters to loops, swaps the configuration, drains, stops.

`file` reads the configuration, `house` builds, `live` is the daemon. All else that needs more than one room
has a module for itself (`once`, `publishing`, `sources`, `commands`, `looking`, `differing`, `moving`,
`adopting`, `keeping`, `takedown`), which the command that needs it imports: most poll nothing, and answer at
once.
"""
