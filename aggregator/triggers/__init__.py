"""Shell. What wakes us: APScheduler's tick, changes of the file, signals -> one stream of `events`.

The only room that asks what time it is (`clock`), and the only one that knows APScheduler and watchfiles. It
says that something may be to do, never what: due times live in the store.
"""
