"""A llama.cpp server of its own, as a user starts one: small batches, one slot, one thread."""

import sys
import threading

import xllamacpp


def main(model: str, port: str) -> None:
    """Serve until the process is ended."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"own"}
    params.hostnames = ["127.0.0.1"]
    params.port = int(port)
    params.n_ctx = 4096
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = 32  # progress is told once a batch
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cache_ram_mib = 0
    params.fit_params = False
    params.ui = False
    params.endpoint_slots = True
    server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main(*sys.argv[1:])
