"""The verification page: one self-contained document without a script, under a policy that allows nothing else."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from certificates.issuing.codes import shown, understood
from certificates.settings import Settings
from certificates.verification.schemas import VerificationOut

_HERE = Path(__file__).parent


class VerificationPage:
    """The compiled template, its style and the policy that admits exactly that style."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        environment.filters["day"] = _day
        self._template = environment.get_template("page.html")
        style = (_HERE / "page.css").read_text(encoding="utf-8")
        self._style = Markup(style)  # noqa: S704  (our own file)
        digest = b64encode(sha256(style.encode()).digest()).decode()
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'"
            ),
            "X-Frame-Options": "DENY",
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex",
        }

    def render(self, found: VerificationOut | None, typed: str, settings: Settings) -> Response:
        """The page for what a code led to; 404 when it led nowhere."""
        code = understood(typed)
        html = self._template.render(
            found=found,
            code=shown(code) if code else typed[:100],
            issuer=settings.issuer_name,
            newer=settings.verification_url(found.superseded_by) if found and found.superseded_by else None,
            style=self._style,
        )
        status = 200 if found else 404
        return Response(html, status_code=status, headers=self._headers, media_type="text/html; charset=utf-8")


def _day(instant: datetime) -> str:
    """22 November 2026, in UTC."""
    moment = instant.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y}"
