"""How fast codex-ls is, beside its peers and beside what is physically possible: `make bench`.

`python -m benchmarks` measures everything and writes `docs/performance.md`. Each module here measures
one thing; `table.py` is the list of all rows. `fuzz_wire.py` is a tool of its own.
"""
