"""Markdown becomes HTML that cannot hurt its reader."""

import re
import time

import pytest

from discussion.markdown import render


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("**bold** and *italic*", "<p><strong>bold</strong> and <em>italic</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("3. third", '<ol start="3">\n<li>third</li>\n</ol>'),
        ("Ẹ kú àárọ̀ 👩🏾‍💻", "<p>Ẹ kú àárọ̀ 👩🏾‍💻</p>"),
        (
            "[site](https://example.com)",
            '<p><a href="https://example.com" rel="nofollow noopener noreferrer ugc">site</a></p>',
        ),
    ],
)
def test_formatting(body: str, html: str) -> None:
    assert render(body).strip() == html


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](  javascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example/x)",
    "[x](/v1/auth/logout)",
    "<javascript:alert(1)>",
    "[x][1]\n\n[1]: javascript:alert(1)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example"onmouseover="alert(1))',
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    '```"><script>alert(1)</script>\ncode\n```',
    "~~~html onload=alert(1)\n<b>\n~~~",
    "<style>*{display:none}</style>",
    "<form action=//evil.example><input name=password>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<!--<img src=--><img src=x onerror=alert(1)//>",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "a\0<script>alert(1)</script>",
]
_TAG = re.compile(r"<\s*/?\s*([a-zA-Z0-9]+)([^>]*)>")
_SAFE_HREF = re.compile(r'href="(https?://|mailto:)')


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_come_out_as_text(attack: str) -> None:
    html = render(attack)
    for tag, attributes in _TAG.findall(html):
        assert tag in {"p", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "br"}
        bare = re.sub(r'(href|title|rel)="[^"]*"', "", attributes)
        assert not bare.strip(), html
        if "href" in attributes:
            assert _SAFE_HREF.search(attributes), html


@pytest.mark.parametrize(
    "body", ["[" * 10_000, "*a_" * 3_333, "> " * 5_000, "- " * 5_000, "`" * 9_999, "![[](" * 2_000, "<" * 10_000]
)
def test_no_text_of_the_longest_length_keeps_the_server_busy(body: str) -> None:
    begun = time.process_time()
    render(body)
    assert time.process_time() - begun < 2
