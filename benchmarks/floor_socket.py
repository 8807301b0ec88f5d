"""The physical floor: a bare socket that asks, and writes the answer's bytes as they come.

`python -I -S floor_socket.py HOST PORT MODEL PROMPT [API_KEY]`. Nothing is decoded, so no client that
shows a text can be faster than this.
"""

import os
import socket
import sys


def main() -> None:
    """Ask, and write until the answer's last chunk."""
    host, port, model, prompt, *key = sys.argv[1:]
    body = (
        f'{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"{prompt}"}}]}}'
    ).encode()
    lock = f"authorization: Bearer {key[0]}\r\n" if key else ""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}:{port}\r\n{lock}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(head.encode() + body)
        tail = b""
        while data := link.recv(65536):
            os.write(1, data)
            tail = (tail + data)[-7:]
            if tail == b"\r\n0\r\n\r\n":
                return


if __name__ == "__main__":
    main()
