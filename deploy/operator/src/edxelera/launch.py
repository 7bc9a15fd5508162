"""Become one process of the platform: ``python -m edxelera.launch learning-api --host 127.0.0.1 --port 8102``.

Reads the installation's environment file, keeps the keys that this process needs, and replaces itself with the
process. Supervisor and the containers start everything of ours through here, so that no secret stands in a
supervisor configuration, a Compose file or a command line. A variable that is set outside wins over the file.
Standard library only: nothing is loaded that the process itself does not need.
"""

import argparse
import os
import sys
from pathlib import Path

from edxelera import environment
from edxelera.home import Home
from edxelera.units import Process, process, s3_server, uvicorn

#: Few arenas, and fixed thresholds: large blocks (a password hash, a rendered PDF) go back to the system when they
#: are freed. Without this each process of ours keeps 10 to 40 MiB more.
_RUNTIME = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "524288",
    "MALLOC_TRIM_THRESHOLD_": "524288",
    "PYTHONUNBUFFERED": "1",
}

#: Where processors are short, whoever waits for an answer goes first: a worker gets about a ninth of an API's share
#: (deploy/adr/0024-who-goes-first.md). Between containers Compose says the same as ``cpu_shares``.
WORKERS_NICENESS = 10


def environment_of(which: Process, file: Path, outside: dict[str, str]) -> dict[str, str]:
    """The environment in which ``which`` runs."""
    settings = environment.for_process(environment.read(file), which)
    own = {key: value for key, value in outside.items() if not key.startswith(("EDX_", "SANDBOX_"))}
    overrides = {key: value for key, value in outside.items() if key not in own and value}
    return _RUNTIME | own | settings | environment.for_process(overrides, which)


def main(arguments: list[str] | None = None) -> None:
    """Parse, then exec; returns only when it was called wrongly."""
    parser = argparse.ArgumentParser(prog="python -m edxelera.launch", description=__doc__)
    parser.add_argument("process")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--env-file", type=Path, default=Home().env_file)
    parser.add_argument("--folder", type=Path, default=Home().data("s3"), help="the S3 server's data")
    given = parser.parse_args(arguments)
    try:
        which = process(given.process)
    except KeyError as error:
        parser.error(str(error.args[0]))
    env = environment_of(which, given.env_file, dict(os.environ))
    if which.name == "s3":
        for bucket in (environment.MEDIA_BUCKET, environment.CERTIFICATES_BUCKET):
            (given.folder / bucket).mkdir(parents=True, exist_ok=True)  # to this server a bucket is a folder
        # rclone reads this as CSV: both halves in one quoted field
        env["RCLONE_AUTH_KEY"] = f'"{env["EDX_S3_ACCESS_KEY_ID"]},{env["EDX_S3_SECRET_ACCESS_KEY"]}"'
        rclone = str(Path(sys.executable).with_name("rclone"))
        command = s3_server(rclone, str(given.folder), given.host, given.port)
    elif which.is_ours:
        command = uvicorn(sys.executable, which, given.host, given.port)
    else:
        parser.error(f"{which.name} is started by the supervisor or Compose themselves")
    if which.kind == "worker":
        os.nice(WORKERS_NICENESS)
    os.execvpe(command[0], command, env)  # noqa: S606


if __name__ == "__main__":
    main()
