"""Finding and installing servers: what is said when it cannot be done, and that Debian starts nothing."""

import os
import pwd
from pathlib import Path

import pytest

from edxelera import private_servers, servers
from edxelera.failure import Failure
from edxelera.home import Home


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu", (10, 11)),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", (7, 0)),
        ("Valkey server v=8.1.1 sha=00000000:0", (8, 1)),
        ("something else", None),
    ],
)
def test_versions_are_read(output: str, version: tuple[int, int] | None) -> None:
    assert servers.parse_version(output) == version


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither server, not root, but apt-get."""
    monkeypatch.setattr(servers, "find_program", lambda *names: "/usr/bin/apt-get" if "apt-get" in names else None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return monkeypatch


def test_without_root_one_sentence_says_what_to_do(bare_machine: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match="run 'apt install mariadb-server redis-server' as root"):
        servers.ensure()


def test_without_apt_it_says_what_is_missing(bare_machine: pytest.MonkeyPatch) -> None:
    bare_machine.setattr(servers, "find_program", lambda *names: None)
    with pytest.raises(Failure, match="there is no apt-get here"):
        servers.ensure()


def test_oracles_mysql_is_not_replaced_behind_anyones_back(bare_machine: pytest.MonkeyPatch) -> None:
    bare_machine.setattr(servers, "find_program", lambda *names: "/usr/sbin/mysqld" if "mysqld" in names else None)
    with pytest.raises(Failure, match="docker compose up --wait"):
        servers.ensure()


def test_a_server_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("mariadbd", "Ver 10.3.1"), ("mariadb-install-db", ""), ("redis-server", "v=7.0.1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
    monkeypatch.setattr(servers, "find_program", lambda *names: str(tmp_path / names[0]))
    with pytest.raises(Failure, match=r"mariadbd is version 10\.3, but 10\.6 or newer is needed"):
        servers.find()


def test_debian_may_start_nothing_while_packages_are_installed(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with servers.daemons_refused(policy):
        assert os.access(policy, os.X_OK)
        assert "exit 101" in policy.read_text()
    assert not policy.exists()


def test_a_policy_that_was_there_before_is_there_again_also_after_a_failure(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o700)
    with pytest.raises(RuntimeError), servers.daemons_refused(policy):
        raise RuntimeError("apt failed")
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o700


def test_tests_need_no_local_servers_when_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDX_TEST_MYSQL_URL", "mysql+pymysql://root@db/")
    monkeypatch.setenv("EDX_TEST_REDIS_URL", "redis://cache")
    assert servers.tests_have_backends()


def test_the_choice_of_local_backends_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDX_TEST_MYSQL_URL", raising=False)
    monkeypatch.setenv("EDX_TEST_BACKENDS", "local")
    assert not servers.tests_have_backends()


def test_an_account_that_cannot_pass_a_folder_does_not_reach_its_data(tmp_path: Path) -> None:
    stranger = pwd.struct_passwd(("stranger", "x", 54321, 54321, "", "/", "/bin/sh"))
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o700)
    assert not private_servers.reaches(stranger, inner / "data")
    owner = pwd.getpwuid(os.geteuid())
    assert private_servers.reaches(owner, inner / "data") or os.geteuid() != 0


def test_mariadb_listens_to_this_machine_only_and_commits_durably(tmp_path: Path) -> None:
    text = private_servers.mariadb_configuration(Home(root=tmp_path, local=tmp_path), 8192, None)
    assert "bind-address=127.0.0.1" in text
    assert "innodb-flush-log-at-trx-commit=1" in text
    assert "user=" not in text


def test_streams_are_never_evicted_and_cached_reads_are(tmp_path: Path) -> None:
    streams = private_servers.redis_configuration(tmp_path, 1, "secret", private_servers.STREAMS)
    cache = private_servers.redis_configuration(tmp_path, 2, "secret", private_servers.CACHE)
    assert "maxmemory-policy noeviction" in streams
    assert "appendfsync everysec" in streams
    assert "maxmemory-policy allkeys-lru" in cache
    assert "requirepass secret" in streams
    assert "requirepass secret" in cache
