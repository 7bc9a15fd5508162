"""Rendering of the HTML pages; they need no JavaScript."""

from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "static" / "sandbox.css").read_text()
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def page(request: Request, template: str, status: int = 200, **facts: object) -> HTMLResponse:
    """Render a template into an answer that may load nothing but the style sheet."""
    html = _templates.get_template(template).render(path=request.url.path, **facts)
    return HTMLResponse(html, status, HEADERS)
