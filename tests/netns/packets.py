"""A network namespace without a way out, in which every packet is seen.

Every address of the world is this namespace's own (a local route for all of them), so that a connection to
a stranger leaves a packet on the loopback device, is refused at once, and reaches nobody.
"""

import shutil
import socket
import subprocess
import threading
from ipaddress import ip_address

Destination = tuple[str, str, int]
"""`tcp` or `udp`, address, port; for other protocols their number and port 0."""

_ALL_PROTOCOLS = 3
_OUTGOING = 4
_TCP, _UDP = 6, 17
_CONTROL = (1, 58)
"""ICMP: how the kernel refuses, not how a program asks."""

ROUTES = (
    "link set lo up",
    "route add local 0.0.0.0/0 dev lo",
    "-6 route add local ::/0 dev lo",
)


def why_not() -> str:
    """What is missing for a namespace of one's own; empty if nothing is."""
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            return f"there is no {program} here"
    tried = subprocess.run(
        ["unshare", "-rn", "ip", *ROUTES[0].split()], capture_output=True, check=False
    )
    return tried.stderr.decode().strip() or "not permitted" if tried.returncode else ""


def close_the_world() -> None:
    """Let every address be this namespace's own."""
    for route in ROUTES:
        subprocess.run(["ip", *route.split()], check=True)


class Packets:
    """Notes where everything on the loopback device was going. Use it with `with`."""

    def __init__(self) -> None:
        self.destinations: set[Destination] = set()
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS)
        )
        self._socket.settimeout(0.2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Packets":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        """Read until there was silence after the end."""
        while True:
            try:
                packet, (_, _, direction, _, _) = self._socket.recvfrom(128)
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            if direction == _OUTGOING and (found := destination(packet)) is not None:
                self.destinations.add(found)


def destination(packet: bytes) -> Destination | None:
    """Where an IP packet goes; None for one that answers, or continues what has begun."""
    if packet[0] >> 4 == 4:
        protocol, address, rest = packet[9], packet[16:20], packet[(packet[0] & 15) * 4 :]
    else:
        protocol, address, rest = packet[6], packet[24:40], packet[40:]
    where = str(ip_address(address))
    port = int.from_bytes(rest[2:4])
    if protocol == _TCP:
        opens = rest[13] & 0x12 == 0x02  # SYN without ACK
        return ("tcp", where, port) if opens else None
    if protocol == _UDP:
        return ("udp", where, port)
    return None if protocol in _CONTROL else (str(protocol), where, 0)
