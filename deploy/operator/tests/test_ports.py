"""Ports: the usual ones, the same ones as last time, and none that is taken."""

import socket
from pathlib import Path

import pytest

from edxelera import ports
from edxelera.failure import Failure
from edxelera.units import DEFAULT_PORTS, PROCESSES

DEFAULTS = {"gateway-api": 8080, "sandbox": 8090}


def everything_free(port: int) -> bool:
    return True


def test_every_process_has_a_default_port_of_its_own() -> None:
    assert set(DEFAULT_PORTS) == {which.name for which in PROCESSES}
    assert len(set(DEFAULT_PORTS.values())) == len(DEFAULT_PORTS)


def test_the_usual_ports_where_they_are_free() -> None:
    assert ports.choose({}, everything_free, DEFAULTS) == DEFAULTS


def test_a_busy_port_is_replaced_by_the_next_free_one() -> None:
    chosen = ports.choose({}, lambda port: port not in (8080, ports.SEARCH_FROM), DEFAULTS)
    assert chosen == {"gateway-api": ports.SEARCH_FROM + 1, "sandbox": 8090}
    assert ports.moved(chosen, DEFAULTS) == {"gateway-api": ports.SEARCH_FROM + 1}


def test_a_moved_port_stays_where_it_is_although_the_usual_one_is_free_again() -> None:
    assert ports.choose({"gateway-api": 18085}, everything_free, DEFAULTS)["gateway-api"] == 18085


def test_a_remembered_port_that_is_taken_now_is_given_up() -> None:
    chosen = ports.choose({"gateway-api": 18085}, lambda port: port != 18085, DEFAULTS)
    assert chosen["gateway-api"] == 8080


def test_two_processes_never_share_a_port() -> None:
    chosen = ports.choose({}, lambda port: port >= ports.SEARCH_FROM, DEFAULTS)
    assert sorted(chosen.values()) == [ports.SEARCH_FROM, ports.SEARCH_FROM + 1]


def test_what_one_process_had_is_not_given_to_another() -> None:
    remembered = {"sandbox": ports.SEARCH_FROM}
    chosen = ports.choose(remembered, lambda port: port not in (8080, 8090), DEFAULTS)
    assert chosen == {"gateway-api": ports.SEARCH_FROM + 1, "sandbox": ports.SEARCH_FROM}


def test_no_free_port_at_all_is_said() -> None:
    with pytest.raises(Failure, match="No free port for gateway-api"):
        ports.choose({}, lambda port: False, DEFAULTS)


def test_a_listening_socket_makes_a_port_busy() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert not ports.is_free(server.getsockname()[1])


def test_ports_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "ports"
    ports.save(file, DEFAULTS)
    assert ports.load(file) == DEFAULTS
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"gateway-api": "soon"}', '{"unknown": 1}'])
def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ports"
    file.write_text(content)
    assert ports.load(file) == {}
