"""`codex-ls acp`: the Agent Client Protocol, for editors that have an agent panel.

A thin surface: the SDK (`agent-client-protocol`) parses and dispatches, a session is a thread, a prompt
is a turn, and every event of the turn leaves as one `session/update` the moment it is known.
"""
