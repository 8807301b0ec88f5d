"""Commands of a model, run where they can do only what the user's policy allows.

::

    config.toml -> Policy -> confine() -> argv -> run_command() -> CommandResult

`policy` says what is allowed, `bubblewrap`, `child` and `seatbelt` put it into force, `confine` picks
the one that works on this machine. Fail closed: where none works, no command is run unasked.
"""
