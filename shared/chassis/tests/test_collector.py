"""The garbage collector passes over what a process was born with, and over nothing once it has ended."""

import asyncio
import gc
import weakref

import httpx
import pytest

from chassis import collector


class Node:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_existed_before_is_passed_over_and_what_comes_later_is_freed() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with collector.set_aside():
        assert gc.get_freeze_count() > frozen
        later = weakref.ref(Node())
        gc.collect()
        assert later() is None
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_it_ends_when_the_process_is_ended_in_any_way() -> None:
    with pytest.raises(asyncio.CancelledError), collector.set_aside():
        raise asyncio.CancelledError
    assert gc.get_freeze_count() == 0


def test_a_service_that_runs_has_set_aside_what_it_began_with(client: httpx.Client) -> None:
    assert client.get("/livez").status_code == 200
    assert gc.get_freeze_count() > 0
