"""What tests of every service share. The fixtures come by themselves: ``chassis.testing.plugin`` is a pytest plugin."""

from chassis.testing.messaging import deliver, published
from chassis.testing.queries import count_queries
from chassis.testing.schemas import assert_migrations_match
from chassis.testing.waiting import eventually

__all__ = ["assert_migrations_match", "count_queries", "deliver", "eventually", "published"]
