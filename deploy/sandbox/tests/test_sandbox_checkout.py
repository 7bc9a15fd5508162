"""The checkout page, as a browser without JavaScript uses it."""

from html.parser import HTMLParser
from typing import Any

import pytest

from sandbox.testing import RunningSandbox

CALLBACK = "https://shop.test/paid?lang=en"
RETURN = "https://shop.test/paid?lang=en&trxref=edx-1&reference=edx-1"


class Page(HTMLParser):
    """What a person finds on a page: its text, forms, buttons and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.forms: list[dict[str, Any]] = []
        self.buttons: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        if tag == "form":
            self.forms.append(found)
        if tag == "button":
            self.buttons.append(str(found["value"]))
        if tag == "a":
            self.links.append(str(found["href"]))

    def handle_data(self, data: str) -> None:
        self.text += data


def checkout(sandbox: RunningSandbox, **values: Any) -> str:
    return sandbox.initialize(**values)["authorization_url"]


def press(sandbox: RunningSandbox, url: str, button: str) -> Any:
    return sandbox.http.post(url, data={"card": button})


def test_the_page_shows_what_is_paid_and_by_whom(sandbox: RunningSandbox) -> None:
    fields = [{"display_name": "Programme", "variable_name": "programme", "value": "Data & <b>engineering</b>"}]
    answer = sandbox.http.get(checkout(sandbox, metadata={"custom_fields": fields, "secret": "not for eyes"}))
    page = Page(answer.text)
    assert answer.status_code == 200
    for text in ("NGN 25,000.00", "ada@example.com", "edx-1", "Programme", "Data & <b>engineering</b>"):
        assert text in page.text
    assert "not for eyes" not in page.text
    assert page.forms == [{"method": "post", "action": answer.url.path}]
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_looking_at_the_page_changes_nothing(sandbox: RunningSandbox) -> None:
    sandbox.http.get(checkout(sandbox))
    assert sandbox.verify()["status"] == "abandoned"


@pytest.mark.parametrize(
    ("button", "currency", "status", "response", "channel"),
    [
        ("success", "NGN", "success", "Successful", "card"),
        ("pin", "NGN", "success", "Approved", "card"),
        ("pin-otp", "NGN", "success", "Approved", "card"),
        ("refund-fails", "NGN", "success", "Successful", "card"),
        ("refund-needs-attention", "NGN", "success", "Successful", "card"),
        ("m-pesa", "KES", "success", "Approved", "mobile_money"),
        ("mtn", "GHS", "success", "Approved", "mobile_money"),
        ("transfer", "NGN", "pending", "Waiting for the transfer", "bank_transfer"),
        ("declined", "NGN", "failed", "Declined", "card"),
        ("insufficient-funds", "NGN", "failed", "Insufficient Funds", "card"),
    ],
)
def test_each_button_does_what_its_card_does(
    sandbox: RunningSandbox, button: str, currency: str, status: str, response: str, channel: str
) -> None:
    url = checkout(sandbox, currency=currency, callback_url=CALLBACK)
    assert button in Page(sandbox.http.get(url).text).buttons
    answer = press(sandbox, url, button)
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN)
    data = sandbox.verify()
    assert (data["status"], data["gateway_response"], data["channel"]) == (status, response, channel)


def test_only_what_the_currency_and_the_channels_allow_is_offered(sandbox: RunningSandbox) -> None:
    naira = Page(sandbox.http.get(checkout(sandbox)).text).buttons
    assert not {"m-pesa", "mtn"} & set(naira)
    url = checkout(sandbox, reference="edx-2", currency="KES", channels=["mobile_money"])
    assert Page(sandbox.http.get(url).text).buttons == ["m-pesa", "abandon"]
    assert press(sandbox, url, "success").status_code == 422
    assert sandbox.verify("edx-2")["status"] == "abandoned"


def test_a_customer_who_leaves_comes_back_unpaid(sandbox: RunningSandbox) -> None:
    answer = press(sandbox, checkout(sandbox, callback_url=CALLBACK), "abandon")
    assert answer.headers["location"] == RETURN
    assert sandbox.verify()["status"] == "abandoned"


@pytest.mark.parametrize(
    ("cancel_action", "location"),
    [("https://shop.test/cart", "https://shop.test/cart"), ("javascript:alert(1)", RETURN), (5, RETURN)],
)
def test_a_customer_who_leaves_goes_where_the_shop_says(
    sandbox: RunningSandbox, cancel_action: object, location: str
) -> None:
    url = checkout(sandbox, callback_url=CALLBACK, metadata={"cancel_action": cancel_action})
    assert press(sandbox, url, "abandon").headers["location"] == location


def test_without_a_callback_the_page_says_what_happened(sandbox: RunningSandbox) -> None:
    url = checkout(sandbox)
    answer = press(sandbox, url, "success")
    assert answer.status_code == 303
    page = Page(sandbox.http.get(answer.headers["location"]).text)
    assert "This payment has succeeded" in page.text
    assert page.buttons == []


def test_a_settled_checkout_takes_no_second_payment(sandbox: RunningSandbox) -> None:
    url = checkout(sandbox, callback_url=CALLBACK)
    press(sandbox, url, "declined")
    assert press(sandbox, url, "success").headers["location"] == RETURN
    assert sandbox.verify()["status"] == "failed"
    page = Page(sandbox.http.get(url).text)
    assert "This payment has failed" in page.text
    assert page.links == [RETURN]


def test_a_pending_transfer_can_be_overtaken_by_a_card(sandbox: RunningSandbox) -> None:
    url = checkout(sandbox)
    press(sandbox, url, "transfer")
    assert "An earlier attempt is pending" in Page(sandbox.http.get(url).text).text
    press(sandbox, url, "success")
    assert sandbox.verify()["status"] == "success"


def test_two_presses_at_once_pay_once(sandbox: RunningSandbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    url = checkout(sandbox)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: press(sandbox, url, "success").status_code, range(8)))
    assert answers == [303] * 8
    assert len(sandbox.control("deliveries", method="GET")) == 1


@pytest.mark.parametrize("data", [{}, {"card": "nonsense"}])
def test_a_press_of_no_button_is_explained(sandbox: RunningSandbox, data: dict[str, str]) -> None:
    answer = sandbox.http.post(checkout(sandbox), data=data)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_checkout_is_explained(sandbox: RunningSandbox, method: str) -> None:
    answer = sandbox.http.request(method, "/checkout/mistyped", data={"card": "success"} if method == "POST" else None)
    assert answer.status_code == 404
    assert "There is no such checkout." in answer.text


def test_the_dashboards_callback_serves_where_none_is_given(sandbox: RunningSandbox, make_settings: Any) -> None:
    with RunningSandbox(lambda url: make_settings(public_url=url, callback_url="https://shop.test/default")) as other:
        answer = other.http.post(other.initialize()["authorization_url"], data={"card": "success"})
        assert answer.headers["location"] == "https://shop.test/default?trxref=edx-1&reference=edx-1"
