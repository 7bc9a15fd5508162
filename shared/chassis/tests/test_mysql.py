"""Connections to MySQL share what may be shared."""

import ssl
from unittest.mock import patch

from chassis import mysql
from chassis.database import Database
from chassis.messaging.locks import lock_engine
from chassis.mysql import SharingConnection
from chassis.testing.schemas import TestSchema


def test_a_process_reads_the_systems_certificates_once_however_many_connections_it_makes(schema_for) -> None:
    schema: TestSchema = schema_for("chassis")
    mysql._context.cache_clear()
    with patch.object(ssl, "create_default_context", side_effect=ssl.create_default_context) as made:
        database = Database(schema.url, pool_size=3)
        with database.begin() as one, database.begin() as two, lock_engine(schema.url).connect() as three:
            contexts = {id(each.connection().connection.driver_connection.ctx) for each in (one, two)}
            contexts.add(id(three.connection.driver_connection.ctx))
        database.dispose()
    assert made.call_count == len(contexts) == 1


def test_other_ways_to_connect_have_other_contexts() -> None:
    usual = SharingConnection(defer_connect=True)
    narrow = SharingConnection(defer_connect=True, ssl={"cipher": "ECDHE+AESGCM"})
    assert usual.ctx is SharingConnection(defer_connect=True).ctx
    assert usual.ctx.verify_mode is ssl.CERT_NONE, "PyMySQL's own: encrypted where the server can, not verified"
    assert len(narrow.ctx.get_ciphers()) < len(usual.ctx.get_ciphers())


def test_a_context_of_the_callers_own_is_kept() -> None:
    own = ssl.create_default_context()
    assert SharingConnection(defer_connect=True, ssl=own).ctx is own
