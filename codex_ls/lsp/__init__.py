"""The language server: a pygls server that renders a turn's events as LSP progress, and nothing else.

Begin with `server`: `CodexServer`, and each request and command above the function that answers it.
`jsonrpc` has the places where pygls' protocol is not what we need, `converter` the types of messages,
`transport` and `websocket` the ways in, `outbox` what is on its way out. Every name of `codex/*` is in
`codex_ls/protocol.py`.

The way of a delta: `exec` iterates the turn, `stream` buffers for at most 16 ms and numbers, `progress`
hands it to pygls, `outbox` writes. `documents` has what is open, `settings` and `user_config` have what
applies.

What a question becomes is in `prompts` (with `context`), and what its answer changes in `edits`
(`codex/edit`, with what `remembered_turns` knows). `features` has the requests beside a turn.

For editors without a plugin: `actions` offers, `commands` and `ask_command` carry out (`target` says
what is asked), `answer_files` and `client_requests` show.
"""
