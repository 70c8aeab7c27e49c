"""A caller that costs next to nothing, so that what is measured is the server: fixed bytes out, one whole answer in."""

import socket
from urllib.parse import urlsplit


class Wire:
    """One kept-open connection that asks the same thing again and again."""

    def __init__(self, url: str, path: str, *headers: str) -> None:
        parts = urlsplit(url)
        self._line = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._asked = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", *headers, "", ""]).encode()

    def ask(self) -> tuple[int, int]:
        """The status and the length of the body."""
        self._line.sendall(self._asked)
        head, _, body = self._until_head().partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        got = len(body)
        while got < length:
            got += len(self._more())
        return int(head.split()[1]), length

    def _until_head(self) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        return got

    def _more(self) -> bytes:
        got = self._line.recv(1 << 20)
        assert got, "the server hung up"
        return got

    def close(self) -> None:
        self._line.close()
