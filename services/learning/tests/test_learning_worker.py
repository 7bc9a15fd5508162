"""The worker's wiring, and an event's way through real Redis."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import redis

from chassis.ids import new_id
from chassis.testing import eventually
from contracts.events import Envelope, LessonCompleted, stream_of
from learning.events import consumers
from learning.settings import LearningSettings
from learning.worker import JOBS, create_app


def test_the_worker_listens_to_whom_learning_depends_on() -> None:
    assert consumers.streams() == ["edxelera.discussion", "edxelera.enrollment", "edxelera.gateway"]
    assert [job.name for job in JOBS] == ["learning.reassess"]


def test_the_worker_tells_of_its_saga(
    settings_for: Callable[..., LearningSettings], serve: Callable[[Any], httpx.Client]
) -> None:
    shown = serve(create_app(settings_for(LearningSettings))).get("/metrics").text
    assert 'edx_saga_open{saga="completed_not_certified",service="learning"} 0.0' in shown
    assert 'edx_saga_repaired_total{saga="completed_not_certified",service="learning"} 0.0' in shown


@pytest.mark.timeout(90)
def test_an_enrollment_that_arrives_over_redis_opens_the_program_and_progress_leaves(
    school: Any,
    settings_for: Callable[..., LearningSettings],
    serve: Callable[[Any], httpx.Client],
    redis_url: str,
) -> None:
    school.import_program()
    worker = serve(create_app(settings_for(LearningSettings)))
    assert worker.get("/livez").status_code == 200
    account = new_id()
    with redis.Redis.from_url(redis_url) as client:
        student = _publish(school, client, account)
        eventually(lambda: school.get("/v1/programs/data/home", student).status_code == 200)
        assert school.complete(student, "intro", "hello").status_code == 200
        told = eventually(lambda: client.xrange(stream_of("learning"), count=100)[1:])
    envelope = Envelope.parse(told[0][1][b"__data__"])
    assert envelope.type == LessonCompleted.type
    assert envelope.subject == str(student.enrollment_id)


def _publish(school: Any, client: Any, account: Any) -> Any:
    student = school.student(account)
    for event in (student.activated(), school.scheduled()):
        envelope = Envelope.wrap(event, id=new_id(), time=school.clock())
        client.xadd(stream_of("enrollment"), {"__data__": envelope.to_json()})
    return student
