"""Markdown in, sanitised HTML out: raw HTML is text, only plain formatting and safe links survive."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

#: Raised whenever the same Markdown would come out differently: older stored HTML is then rendered anew when read.
RENDERER_VERSION = 1

_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_LINK_REL = "nofollow noopener noreferrer ugc"


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Images are left out: one would tell its host who reads the thread and when.
    options = {"html": False, "breaks": True}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).disable("image")


def render(body: str) -> str:
    """Safe HTML of a Markdown text. Links leave with `rel="nofollow noopener noreferrer ugc"`; others are cut."""
    return nh3.clean(
        _parser().render(body),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=_LINK_REL,
        url_relative="deny",
    )
