"""Where things are: the repository, and ``.local`` in which an installation keeps everything of its own."""

import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]

#: Set in the container image, where the installation's own files are on a volume.
LOCAL_FOLDER_KEY = "EDXELERA_LOCAL"

#: A unix socket's path may have 107 bytes.
_SOCKET_PATH_LIMIT = 100


@dataclass(frozen=True)
class Home:
    """The folders and files of one local installation."""

    root: Path = REPOSITORY
    #: Everything that ``up`` makes; ``down --wipe`` removes it.
    local: Path = field(default_factory=lambda: Path(os.environ.get(LOCAL_FOLDER_KEY) or REPOSITORY / ".local"))

    @property
    def env_file(self) -> Path:
        """The environment of all processes; only its owner may read it."""
        return self.local / "env"

    @property
    def ports_file(self) -> Path:
        """The ports chosen at the first start, kept for the next."""
        return self.local / "ports"

    @property
    def secrets(self) -> Path:
        """Generated secrets and keys."""
        return self.local / "secrets"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.local / "logs"

    @property
    def seeds(self) -> Path:
        """The seed programs."""
        return self.root / "deploy" / "seeds"

    def data(self, name: str) -> Path:
        """The data folder of a server: ``mariadb``, ``redis``, ``s3``, ``sandbox`` …"""
        return self.local / "data" / name

    @property
    def run(self) -> Path:
        """Sockets and pid files; elsewhere when the repository lies too deep for a socket's path."""
        inside = self.local / "run"
        if len(os.fsencode(inside / "supervisor.sock")) < _SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.local)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"edxelera-{os.getuid()}-{digest}"

    def make(self) -> None:
        """Create the folders; those with secrets or sockets are their owner's alone."""
        for folder in (self.local, self.logs, self.local / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.secrets, self.run):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
