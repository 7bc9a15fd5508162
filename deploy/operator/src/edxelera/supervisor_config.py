"""supervisord's configuration, generated: which programs there are and how they are kept alive."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from edxelera.home import Home
from edxelera.units import PROCESSES, SERVERS, Process

#: In every process's environment, so that what a killed supervisor leaves behind can be found again.
MARK = "EDXELERA_INSTALLATION"


#: MariaDB and Redis write what they hold; the S3 server would wait for idle connections.
_STOP_SECONDS = {"mariadb": 60, "redis": 60, "s3": 3}


def socket_path(home: Home) -> Path:
    """Where supervisord listens; its folder is its owner's alone."""
    return home.run / "supervisor.sock"


def log_path(home: Home, name: str) -> Path:
    """What a process wrote."""
    return home.logs / f"{name}.log"


def launcher(home: Home, python: str, which: Process, port: int) -> list[str]:
    """The command line of a process that the launcher starts."""
    command = [python, "-m", "edxelera.launch", which.name, "--port", str(port), "--env-file", str(home.env_file)]
    return [*command, "--folder", str(home.data("s3"))] if which.name == "s3" else command


def commands(home: Home, python: str, ports: Mapping[str, int], servers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every process with its command line; ``servers`` brings those of MariaDB and Redis."""
    return {
        which.name: _joined(servers.get(which.name) or launcher(home, python, which, ports[which.name]))
        for which in PROCESSES
    }


def _joined(words: Sequence[str]) -> str:
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """supervisord splits with shlex and expands ``%(name)s``."""
    escaped = word.replace("%", "%%")
    return f'"{escaped}"' if any(character.isspace() for character in word) else escaped


def render(home: Home, command_lines: Mapping[str, str]) -> str:
    """The whole file."""
    root = ["user=root"] if os.geteuid() == 0 else []
    sections = [
        ["[unix_http_server]", f"file={_value(socket_path(home))}", "chmod=0700"],
        [
            "[supervisord]",
            f"logfile={_value(log_path(home, 'supervisor'))}",
            "logfile_maxbytes=5MB",
            "logfile_backups=1",
            f"pidfile={_value(home.run / 'supervisor.pid')}",
            f"childlogdir={_value(home.logs)}",
            f"directory={_value(home.root)}",
            "minfds=4096",
            *root,
        ],
        ["[rpcinterface:supervisor]", "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface"],
        ["[supervisorctl]", f"serverurl=unix://{_value(socket_path(home))}"],
        *(_program(home, name, command) for name, command in command_lines.items()),
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _program(home: Home, name: str, command: str) -> list[str]:
    is_server = any(name == server.name for server in SERVERS)
    return [
        f"[program:{name}]",
        f"command={command}",
        # up starts them in order; supervisord's part is to keep them alive
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        # it waits one second longer each time: about an hour before it gives up
        "startretries=80",
        f"stopwaitsecs={_STOP_SECONDS.get(name, 15)}",
        "stopasgroup=true",
        "killasgroup=true",
        f"priority={10 if is_server else 50}",
        f"stdout_logfile={_value(log_path(home, name))}",
        "stdout_logfile_maxbytes=20MB",
        "stdout_logfile_backups=2",
        "redirect_stderr=true",
    ]


def _value(path: Path) -> str:
    return str(path).replace("%", "%%")
