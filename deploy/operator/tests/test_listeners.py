"""Who listens on a port: us, somebody else, nobody."""

import os
import socket
from collections.abc import Iterator

import pytest

from edxelera.listeners import held_by_another, inodes_listening, sockets_of
from edxelera.readiness import foreign_ports


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which this very process listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_of_ours_is_not_anothers(port: int) -> None:
    assert inodes_listening(port)
    assert not held_by_another(os.getpid(), port)


def test_a_port_on_which_another_process_listens_is_taken(port: int) -> None:
    assert held_by_another(os.getppid(), port) or sockets_of(os.getppid()) is None
    assert held_by_another(0, port)


def test_a_port_on_which_nobody_listens_is_nobodys(port: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not held_by_another(0, free.getsockname()[1])


def test_a_process_that_is_gone_has_no_sockets() -> None:
    assert sockets_of(2**22 - 1) == set()


def test_a_process_whose_port_was_taken_is_named(port: int) -> None:
    states = {"sandbox": {"pid": 0}, "s3": {"pid": os.getpid()}}
    assert foreign_ports(lambda: states, ["sandbox", "s3"], {"sandbox": port, "s3": port}) == ["sandbox"]


def test_a_process_that_was_just_restarted_is_not_suspected(port: int) -> None:
    looks = iter([{"redis": {"pid": 2**22 - 1}}, {"redis": {"pid": os.getpid()}}])
    assert foreign_ports(lambda: next(looks), ["redis"], {"redis": port}) == []
