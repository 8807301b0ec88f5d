"""The language server: renders a turn's events as LSP progress, and nothing else.

The way of a delta: `exec` iterates the turn, `stream` gathers for at most 16 ms and numbers, `outbox`
writes. The way of a message: `inbox` and `framing` read, `endpoint` answers or calls a handler,
`connection` owns what one client's requests share. `protocol` has every name of `codex/*`, `methods`
those of LSP that are used. Open documents are kept by pygls (`kept_documents`), which is loaded when the
first one is opened (`open_documents`).

For editors without a plugin: `actions` offers, `commands`, `turn_command` and `select_commands` carry
out (`plan` says what is asked, `replacement` what an answer changes), `answer_document` and `showing`
show.

`stdio`, `listening`, `channels` and `websocket` are the ways in.
"""
