"""The wire that other tests cut must itself be beyond doubt, also when it is cut while a connection is being made."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from chassis.testing.wire import Wire


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(stack: ExitStack) -> socket.socket:
    """Takes connections; nobody reads them."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    listener.settimeout(10)
    return listener


def _dial(wire: Wire) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), timeout=10)


def test_what_is_sent_arrives_and_what_is_answered_comes_back(stack: ExitStack, server: socket.socket) -> None:
    wire = Wire(stack, *server.getsockname())
    near = stack.enter_context(_dial(wire))
    far = stack.enter_context(server.accept()[0])
    near.sendall(b"question")
    assert far.recv(100) == b"question"
    far.sendall(b"answer")
    assert near.recv(100) == b"answer"


@pytest.mark.parametrize("breaks", [Wire.cut, Wire.drop, Wire.mute])
def test_a_connection_that_is_being_made_breaks_like_the_others(
    stack: ExitStack, server: socket.socket, monkeypatch: pytest.MonkeyPatch, breaks: Callable[[Wire], None]
) -> None:
    wire = Wire(stack, *server.getsockname())
    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    connect = socket.create_connection

    def connect_and_break(address: tuple[str, int], timeout: float) -> socket.socket:
        far = connect(address, timeout=timeout)
        breaks(wire)
        return far

    with socket.socket() as near:
        near.settimeout(10)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "create_connection", connect_and_break)
            near.connect(("127.0.0.1", wire.port))
            far = stack.enter_context(server.accept()[0])
            far.settimeout(10)
            assert far.recv(1) == b""
        assert near.recv(1) == b""
    assert not died


def test_a_wire_that_was_cut_refuses_until_it_is_mended(stack: ExitStack, server: socket.socket) -> None:
    wire = Wire(stack, *server.getsockname())
    wire.cut()
    with pytest.raises(ConnectionRefusedError):
        _dial(wire)
    wire.mend()
    stack.enter_context(_dial(wire))
    stack.enter_context(server.accept()[0])
