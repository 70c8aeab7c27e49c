"""A request that never ends is cut; everybody else is served meanwhile, and a connection that is used is kept."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from service.patience import HEAD_MAX, Patient

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hurried(Patient):
    """The same with short deadlines, so that the tests need not wait."""

    head_seconds = 0.3
    body_seconds = 0.6


async def _length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, int]]:
    app = Starlette(routes=[Route("/", _length, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", http=Hurried, ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield host, port
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def line(place: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(place, timeout=5) as opened:
        yield opened


def _cut_after(line: socket.socket) -> float:
    """Seconds until the other side hangs up; whatever it says first is thrown away."""
    begun = time.monotonic()
    try:
        while line.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - begun


@pytest.mark.parametrize("said", [b"", b"GET / HTTP", GET[:-2], GET + b"GET / HT"])
def test_a_head_that_does_not_end_is_cut(line: socket.socket, said: bytes) -> None:
    line.sendall(said)
    assert 0.2 < _cut_after(line) < 3


def _until_cut(line: socket.socket, parts: Iterable[bytes], pause: float) -> float:
    """Seconds until sending fails, which it must."""
    begun = time.monotonic()
    try:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
    except OSError:
        return time.monotonic() - begun
    pytest.fail("nobody hung up")


def test_dripping_does_not_prolong_it(line: socket.socket) -> None:
    assert _until_cut(line, [b"GET / HTTP/1.1\r\n", *[b"X-Drip: 1\r\n"] * 200], 0.05) < 3


def test_a_body_that_does_not_end_is_cut(line: socket.socket) -> None:
    line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert 0.5 < _cut_after(line) < 3


def test_an_endless_head_is_cut_by_its_size(line: socket.socket) -> None:
    fields = [b"X-Long: " + b"x" * (HEAD_MAX // 4) + b"\r\n"] * 1000
    assert _until_cut(line, [b"GET / HTTP/1.1\r\n", *fields], 0.01) < 0.3, "sooner than by its time"


def test_a_slow_but_whole_request_is_answered_and_the_connection_kept(line: socket.socket) -> None:
    for _ in range(2):
        for part in (b"POST / HTTP/1.1\r\nHost: x\r\n", b"Content-Length: 100000\r\n\r\n", b"x" * 50_000, b"x" * 50_000):
            line.sendall(part)
            time.sleep(0.1)
        answer = line.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"100000")
