"""Signed URLs as a player and as a cheat would use them."""

from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tests.platform.installation import Platform
from tests.platform.school import SEEDED

from edxelera.home import REPOSITORY
from media.playback.cloudfront import Signer


def without_signature(url: str) -> str:
    """The plain address."""
    return urlunsplit(urlsplit(url)._replace(query=""))


def changed(url: str, **values: str | None) -> str:
    """With other parameters (None: without)."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **values}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept, safe="~-_")))


def parameter(url: str, name: str) -> str:
    """One parameter of a URL."""
    return dict(parse_qsl(urlsplit(url).query))[name]


def signed(platform: Platform, url: str, expires_at: datetime) -> str:
    """Signed with the platform's own key for another hour."""
    env = platform.env
    signer = Signer.from_file(env["EDX_CDN_KEY_PAIR_ID"], Path(env["EDX_CDN_PRIVATE_KEY_PATH"]), "SHA256")
    return signer.signed_url(without_signature(url), expires_at)


def seed_video(filename: str) -> bytes:
    """The file that was uploaded."""
    return (REPOSITORY / "deploy" / "seeds" / SEEDED / "videos" / filename).read_bytes()
