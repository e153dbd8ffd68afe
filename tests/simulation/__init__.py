"""Proof by simulation: the real order path in a world whose time, scheduling, network, store and exchange are drawn.

An episode is a function of its seed. It runs the program as it is (guards, execution, supervision, reconciliation, the
SQLite store) in virtual time, lets everything go wrong that `faults.py` lists, and has `laws.py` look after every event
of the exchange and every commit. Nothing in here is imported by the program, and the laws import nothing of it.

    virtual.py     an event loop in virtual time, with a drawn order of steps
    processes.py   processes that can die, stand still and start again, inside one loop
    sqlite.py      SQLite without threads: its transactions, its locks, its failures and its commits
    market.py      prices that wander, jump and dry up
    faults.py      what can go wrong, and what is drawn of it for an episode
    wire.py        the way between the program and the exchange, where calls get lost, late, stale and empty
    events.py      what the exchange did, as plain values
    books.py       what the program's database says, by plain SQL
    laws.py        the laws, over `events` and `books` alone
    decisions.py   scripted decisions: plans of every kind of entry
    world.py       one episode, put together
    coverage.py    which faults were met in which state
    outcomes.py    what episodes came to, as lines of a file and as a summary
    shrink.py      from an episode that breaks a law to a smaller one
    soak.py        many episodes: `make soak`
"""
