"""Mothers and stand-ins for media's tests: a small real MP4, a learning that answers what it is told to."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis import service_tokens
from chassis.database import Database
from chassis.objects import ObjectStore
from media.main import create_app
from media.models import READY, Video
from media.settings import Settings

BUCKET = "media-test"
NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def mp4(seconds: float = 12.5, *, scale: int = 1000, padding: int = 64) -> bytes:
    """A file with the boxes of an MP4: ftyp, mdat, and moov at the end as cameras write it."""
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, scale, int(seconds * scale)) + bytes(80))
    return box(b"ftyp", b"isom\x00\x00\x02\x00isommp41") + box(b"mdat", bytes(padding)) + box(b"moov", mvhd)


class Learning:
    """Learning's internal endpoint: answers ``answer``, remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | Response = {}
        self.asked: list[dict[str, str]] = []
        self.callers: list[str] = []
        self.app = Starlette(routes=[Route("/internal/access", self._access)])
        self.settings: Any = None

    def allow(self, video_id: UUID | None, *, preview: bool = False) -> None:
        self.answer = _decision(allowed=True, videoId=str(video_id) if video_id else None, preview=preview)

    def refuse(self, *reasons: str, **facts: Any) -> None:
        self.answer = _decision(reasons=list(reasons), **facts)

    def fail(self, status: int) -> None:
        self.answer = Response("broken", status_code=status)

    async def _access(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.callers.append(service_tokens.verify(self.settings, token))
        return self.answer if isinstance(self.answer, Response) else JSONResponse(self.answer)


def _decision(**facts: Any) -> dict[str, Any]:
    blank = {"allowed": False, "reasons": [], "unlocksAt": None, "requires": [], "videoId": None, "preview": False}
    return {**blank, **facts}


@pytest.fixture
def learning() -> Learning:
    return Learning()


@pytest.fixture(scope="session")
def cdn_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cdn") / "cdn.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def settings(
    settings_for: Callable[..., Settings], s3: Any, cdn_key: Path, learning: Learning, live: Callable[[Any], Any]
) -> Settings:
    found = settings_for(
        Settings,
        **s3.settings,
        media_bucket=BUCKET,
        learning_url=live(learning.app).url,
        cdn_base_url="https://cdn.example.com",
        cdn_key_pair_id="K2TEST",
        cdn_private_key_path=cdn_key,
    )
    learning.settings = found.model_copy()
    object.__setattr__(learning.settings, "service", "learning")
    return found


@pytest.fixture(scope="session")
def store(s3: Any) -> ObjectStore:
    names = ("endpoint_url", "public_endpoint_url", "region", "access_key_id", "secret_access_key")
    found = ObjectStore(*(s3.settings[f"s3_{name}"] for name in names))
    found.ensure_bucket(BUCKET)
    return found


@pytest.fixture
def api(settings: Settings, store: ObjectStore, serve: Callable[[Any], httpx.Client], clock: Any) -> httpx.Client:
    clock.set(NOON)
    app = create_app(settings)
    app.state.clock = clock
    return serve(app)


@pytest.fixture
def db(database_for: Callable[[str], Database]) -> Database:
    return database_for("media")


@pytest.fixture
def ready_video(db: Database) -> Callable[..., UUID]:
    """A mother of ready videos."""

    def make(program_slug: str = "data", **changes: Any) -> UUID:
        video_id = uuid4()
        values: dict[str, Any] = {
            "id": video_id,
            "program_slug": program_slug,
            "filename": "lesson.mp4",
            "kind": "mp4",
            "content_type": "video/mp4",
            "size_bytes": 10,
            "status": READY,
            "object_key": f"videos/{video_id}/video.mp4",
            "duration_seconds": 61.5,
            "created_by": uuid4(),
            "created_at": NOON,
            "ready_at": NOON,
            "version": 2,
            **changes,
        }
        with db.begin() as session:
            session.add(Video(**values))
        return values["id"]

    return make


@pytest.fixture
def mp4_file() -> Callable[..., bytes]:
    return mp4
