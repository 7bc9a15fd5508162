"""Markdown to HTML that is safe to put into a page: rendered by markdown-it, then cleaned by nh3's allow-list."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


@lru_cache(maxsize=512)
def render_markdown(text: str) -> str:
    """Safe HTML. Raw HTML in the text is shown as text; links lose schemes that could run code."""
    return nh3.clean(_MARKDOWN.render(text), link_rel="noopener noreferrer", attributes=_ATTRIBUTES)


_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "code": {"class"}, "ol": {"start"}}
