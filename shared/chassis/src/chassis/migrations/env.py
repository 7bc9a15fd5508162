"""Alembic's environment for every service; ``chassis.migrate`` hands the connection and the version table over.

MySQL's DDL is not transactional, so alembic notes each finished step at once, and a failed run resumes where it was.
"""

from alembic import context

_given = context.config.attributes

context.configure(
    connection=_given["connection"],
    target_metadata=_given.get("metadata"),
    version_table=_given["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
