"""The certificate's PDF: what stands on it, as the template reads it."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import segno

from chassis.documents import rendering
from chassis.documents.rendering import Manuscript

TEMPLATE = Path(__file__).parent / "certificate.typ"


@dataclass(frozen=True, slots=True)
class Document:
    """What stands on a certificate; ``program`` is the program of a course's certificate, else None."""

    kind: str
    name: str
    title: str
    program: str | None
    issuer: str
    code: str
    url: str
    issued_at: datetime


class Renderer(rendering.Renderer):
    """Renders certificates. The same certificate always gives the same bytes."""

    def render(self, document: Document) -> bytes:
        """The PDF; ``RenderingFailed`` when there is none."""
        return self.typeset(Manuscript(TEMPLATE, _data(document), document.issued_at))


def _data(document: Document) -> dict[str, Any]:
    issued_on = document.issued_at.astimezone(UTC).date()
    return {
        "kind": document.kind,
        "name": document.name,
        "title": document.title,
        "program": document.program,
        "issuer": document.issuer,
        "code": document.code,
        "url": document.url,
        "qr": qr_svg(document.url),
        "date": {
            "year": issued_on.year,
            "month": issued_on.month,
            "day": issued_on.day,
            "text": f"{issued_on.day} {issued_on:%B %Y}",
        },
    }


def qr_svg(url: str) -> str:
    """A QR code that still reads when a sixth of it is unreadable (error correction M)."""
    svg = io.BytesIO()
    segno.make(url, error="m", micro=False).save(svg, kind="svg", border=0, dark="#14213d", light=None, xmldecl=False)
    return svg.getvalue().decode()
