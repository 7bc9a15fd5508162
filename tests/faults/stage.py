"""The platform that faults are played on: one of its own, with sabotage in its processes and a small program."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool
from tests.faults.orders import FOLDER_KEY, INJECT, Orders
from tests.platform.installation import PREFIX, Platform, attach, end_what_killed_runs_left, operate
from tests.platform.school import cohort, lesson

from chassis.testing import eventually
from edxelera.accounts import ADMIN_EMAIL, ADMIN_NAME, create_admin
from edxelera.credentials import load_or_draw
from edxelera.private_servers import mariadb_admin_url

#: What every student of a run studies: one course, all of its lessons open.
LESSONS = ("one", "two")
PRICE = 500_000
#: Two hashes for each student, as production makes them, would take a tenth of the processors from what is tested here.
_QUICK_HASHES = {"EDX_PASSWORD_HASH_MEMORY_KIB": "64", "EDX_PASSWORD_HASH_TIME_COST": "1"}


@dataclass(frozen=True)
class Stage:
    """Where a run happens. ``admin_engine`` sees every schema."""

    platform: Platform
    orders: Orders
    admin_engine: Engine
    program: str
    course: str
    cohort_id: str

    @property
    def local(self) -> Path:
        """The installation's folder."""
        return self.platform.home.local


@contextmanager
def set_up() -> Iterator[Stage]:
    """Start the platform under sabotage, publish the program; stop and wipe it at the end."""
    end_what_killed_runs_left()
    with ExitStack() as stack:
        local = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        stack.callback(shutil.rmtree, local, ignore_errors=True)
        local.chmod(0o755)  # MariaDB runs under its own account and must pass through
        orders = Orders(local / "orders")
        orders.folder.mkdir()
        stack.callback(operate, local, "down", "--wipe")
        inside = {"PYTHONPATH": str(INJECT), FOLDER_KEY: str(orders.folder), **_QUICK_HASHES}
        operate(local, "up", "--no-seed", command=(sys.executable, "-m", "tests.faults.opening"), **inside)
        platform = attach(stack, local / "env")
        engine = create_engine(mariadb_admin_url(platform.home), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        program, course, cohort_id = _open_school(platform)
        yield Stage(platform, orders, engine, program, course, cohort_id)


def _open_school(platform: Platform) -> tuple[str, str, str]:
    """The program's slug, its course's, and the id of its cohort, on offer."""
    create_admin(platform.env, ADMIN_EMAIL, ADMIN_NAME, load_or_draw(platform.home.secrets)["accounts"])
    run = secrets.token_hex(3)
    program, course = f"endurance-{run}", f"course-{run}"
    document = {
        "title": "Endurance",
        "summary": "One week, one course.",
        "published": True,
        "weeks": [{"number": 1, "title": "The week"}],
        "courses": [{"slug": course, "title": "The course", "lessons": [lesson(slug, 1) for slug in LESSONS]}],
    }
    platform.admin.call("PUT", f"/v1/admin/programs/{program}", 200, json=document)
    start = datetime.now(UTC).date() - timedelta(days=2)
    scheduled = platform.admin.call(
        "POST", "/v1/admin/cohorts", 201, json=cohort(program, f"now-{run}", start, amount=PRICE)
    )
    stranger = platform.stranger()
    path = f"/v1/programs/{program}/can-enroll"
    eventually(lambda: stranger.send("GET", path).json().get("allowed"), 30, what="the program on offer", every=0.25)
    return program, course, scheduled["id"]
