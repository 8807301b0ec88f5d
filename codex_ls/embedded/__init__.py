"""The built-in model: llama.cpp in a child process, and the models it runs.

::

    catalog -> pull (hub | wheels -> part_file) -> store -> engine -> child -> llama.cpp's HTTP server

No server, key or account is needed, and nothing leaves the machine but the request for the model's file.
"""
