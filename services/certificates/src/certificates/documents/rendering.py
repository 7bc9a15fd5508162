"""The certificate's PDF. Only workers import this: typst and the fonts cost 60 MiB.

The same certificate always gives the same bytes. The PDF is accessible (PDF/UA-1: tagged, titled, with alternative
text) and contains its fonts; the standard also makes typst refuse text that no font can show.
"""

import io
import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import segno
import structlog
import typst

log = structlog.get_logger(__name__)

_HERE = Path(__file__).parent
TEMPLATE = _HERE / "certificate.typ"
FONTS = _HERE / "fonts"
_STANDARDS: list[Any] = ["ua-1"]


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


class Renderer:
    """Compiles certificates. One at a time: typst's compiler is not made for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def render(self, document: Document) -> bytes:
        """The PDF. A name that no font of ours can show is shown by the system's fonts, as far as they can."""
        inputs = {"certificate": json.dumps(_data(document))}
        with self._lock:
            try:
                return self._compile(self._compiler, inputs, document.issued_at, _STANDARDS)
            except typst.TypstError as error:
                log.warning("certificate_text_not_in_fonts", code=document.code, error=error.message)
                return self._compile(self._lenient, {**inputs, "fallback": "true"}, document.issued_at, [])

    @staticmethod
    def _compile(compiler: typst.Compiler, inputs: dict[str, str], at: datetime, standards: list[Any]) -> bytes:
        timestamp = int(at.timestamp())
        pdf = compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=standards, timestamp=timestamp)
        assert isinstance(pdf, bytes)
        return pdf

    @cached_property
    def _compiler(self) -> typst.Compiler:
        return _compiler(system_fonts=False)

    @cached_property
    def _lenient(self) -> typst.Compiler:
        return _compiler(system_fonts=True)


def _compiler(*, system_fonts: bool) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=system_fonts, include_embedded_fonts=False, font_paths=[str(FONTS)])
    return typst.Compiler(str(TEMPLATE), root=str(_HERE), font_paths=fonts, ignore_system_fonts=not system_fonts)


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
