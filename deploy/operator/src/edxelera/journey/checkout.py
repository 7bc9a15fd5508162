"""The checkout page as a browser uses it: read the form that is there, fill it in, press its button."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from edxelera.failure import Failure
from edxelera.gateway_api import Unreachable

#: The button of the card with which a payment succeeds.
SUCCEEDS = "success"


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    #: Each button's name and value.
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def pressed(self, meaning: str) -> dict[str, str] | None:
        """What is sent when the button that means ``meaning`` is pressed; None if there is no such button."""
        for name, value in self.buttons:
            if meaning in (name, value):
                return {**self.fields, **({name: value} if name else {})}
        return None


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").upper())
            self.forms.append(self._open)
        elif self._open is not None and tag in ("input", "button", "select", "textarea"):
            self._take(tag, given, self._open)

    def _take(self, tag: str, given: dict[str, str], form: Form) -> None:
        name, kind = given.get("name", ""), given.get("type", "submit" if tag == "button" else "text")
        if kind == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif name and (kind not in ("radio", "checkbox") or "checked" in given):
            form.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms_of(page: str) -> list[Form]:
    """All forms of an HTML page."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def pay(authorization_url: str) -> str:
    """Open the page and pay with the card that succeeds; where it sends the browser afterwards."""
    try:
        with httpx.Client(timeout=30) as browser:
            page = browser.get(authorization_url, follow_redirects=True)
            if page.status_code != 200:
                raise Failure(f"the checkout page {authorization_url} answered {page.status_code}: {page.text[:300]}")
            form, values = _form_with(page.text, SUCCEEDS, authorization_url)
            answer = browser.request(form.method, urljoin(str(page.url), form.action), data=values)
    except httpx.TransportError as error:
        raise Unreachable(f"the checkout page {authorization_url} cannot be reached: {error}") from error
    if answer.status_code not in (200, 302, 303):
        raise Failure(f"the checkout page refused the payment with {answer.status_code}: {answer.text[:300]}")
    return str(answer.headers.get("location", ""))


def _form_with(page: str, meaning: str, url: str) -> tuple[Form, dict[str, str]]:
    for form in forms_of(page):
        values = form.pressed(meaning)
        if values is not None:
            return form, values
    raise Failure(f"the checkout page {url} has no button for {meaning!r}")
