"""The environment: complete, written once, and handed out by need."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from edxelera import environment
from edxelera.containers import container_addresses, write_keys
from edxelera.credentials import Credentials, load_or_draw
from edxelera.home import Home
from edxelera.launch import environment_of
from edxelera.units import DEFAULT_PORTS, UNITS, process


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return load_or_draw(tmp_path / "secrets")


@pytest.fixture
def env(credentials: Credentials, tmp_path: Path) -> dict[str, str]:
    addresses = environment.local_addresses(DEFAULT_PORTS)
    return environment.build(addresses, credentials.values, credentials.folder, tmp_path, tmp_path / "mails")


def test_secrets_are_drawn_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = load_or_draw(tmp_path)
    again = load_or_draw(tmp_path)
    assert first.values == again.values
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert len(first.values) == len(set(first.values.values()))


def test_a_secret_that_a_newer_version_needs_is_added_to_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"redis": "kept"}')
    drawn = load_or_draw(tmp_path)
    assert drawn["redis"] == "kept"
    assert drawn["service_token"]


def test_the_cdn_knows_the_public_half_of_the_key_that_signs(credentials: Credentials) -> None:
    public = credentials.cdn_public_keys / f"{credentials['cdn_key_pair_id']}.pem"
    private = load_pem_private_key(credentials.cdn_private_key.read_bytes(), None)
    assert load_pem_public_key(public.read_bytes()) == private.public_key()


def test_the_file_gives_back_what_was_written(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text(environment.render(env))
    assert environment.read(file) == env


def test_a_value_that_one_line_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="EDX_X"):
        environment.render({"EDX_X": "a\nb"})


def test_comments_blank_lines_and_quotes() -> None:
    assert environment.parse(["# EDX_A=1", "", 'EDX_B="two words"', "EDX_C = 3 ", "EDX_D="]) == {
        "EDX_B": "two words",
        "EDX_C": "3",
        "EDX_D": "",
    }


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_gets_its_own_database_and_no_other(env: dict[str, str], unit: str) -> None:
    for kind in ("api", "worker"):
        given = environment.for_process(env, process(f"{unit}-{kind}"))
        assert [key for key in given if key.endswith("DATABASE_URL")] == [f"EDX_{unit.upper()}_DATABASE_URL"]


def test_keys_go_only_to_who_uses_them(env: dict[str, str]) -> None:
    holders = {
        key: {unit for unit in UNITS if key in environment.for_process(env, process(f"{unit}-api"))}
        for key in ("EDX_PAYSTACK_SECRET_KEYS", "EDX_CDN_PRIVATE_KEY_PATH", "EDX_GATEWAY_SIGNING_KEY_PATH")
    }
    assert list(holders.values()) == [{"enrollment"}, {"media"}, {"gateway"}]


def test_the_sandbox_gets_its_own_keys_and_nothing_of_the_platform(env: dict[str, str]) -> None:
    assert {key.split("_")[0] for key in environment.for_process(env, process("sandbox"))} == {"SANDBOX"}


def test_what_is_set_outside_wins_over_the_file_but_only_for_keys_of_the_process(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("EDX_LOG_LEVEL=INFO\nEDX_MEDIA_DATABASE_URL=mysql://media\n")
    outside = {"EDX_LOG_LEVEL": "DEBUG", "EDX_LEARNING_DATABASE_URL": "mysql://learning", "PATH": "/bin", "EDX_ENV": ""}
    given = environment_of(process("media-api"), file, outside)
    assert given["EDX_LOG_LEVEL"] == "DEBUG"
    assert given["EDX_MEDIA_DATABASE_URL"] == "mysql://media"
    assert given["PATH"] == "/bin"
    assert not {"EDX_LEARNING_DATABASE_URL", "EDX_ENV"} & given.keys()


def test_containers_have_public_addresses_for_browsers_and_names_among_themselves() -> None:
    addresses = container_addresses({"EDX_PUBLIC_URL": "http://127.0.0.1:9080"})
    assert addresses.public_url == "http://127.0.0.1:9080"
    assert addresses.sandbox_public_url == "http://127.0.0.1:8090"
    assert addresses.units["learning"] == "http://learning-api:8102"


def test_writing_keys_again_keeps_them(tmp_path: Path) -> None:
    home = Home(root=tmp_path, local=tmp_path / "config")
    write_keys(home, {})
    before = environment.read(home.env_file)
    write_keys(home, {"EDX_PUBLIC_URL": "http://127.0.0.1:9080"})
    after = environment.read(home.env_file)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"EDX_PUBLIC_URL", "EDX_TOKEN_ISSUER"}
    assert (home.secrets / "redis").stat().st_mode & 0o777 == 0o600


def test_a_deep_repository_keeps_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = Home(root=tmp_path, local=tmp_path / ("x" * 120))
    shallow = Home(root=Path("/srv"), local=Path("/srv/.local"))
    assert len(os.fsencode(deep.run / "supervisor.sock")) < 100
    assert shallow.run == Path("/srv/.local/run")
