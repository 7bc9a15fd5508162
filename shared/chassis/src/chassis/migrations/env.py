"""Alembic's environment for every service; ``chassis.migrate`` hands the connection and the version table over."""

from alembic import context

_given = context.config.attributes

context.configure(
    connection=_given["connection"],
    target_metadata=_given.get("metadata"),
    version_table=_given["version_table"],
    # MySQL's DDL is not transactional: note each finished step at once, so that a failed run resumes where it was.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
