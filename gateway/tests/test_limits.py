"""How often somebody may call: exact where it matters, and never an error when Redis is away."""

import asyncio
from collections import Counter as Tally

import pytest
import redis
from limits.aio.storage import MemoryStorage

from gateway.limits.counter import Counter, make_counter, make_pool
from gateway.limits.policy import Limit, Rate, headers, judge
from gateway.proxy.addresses import counted_as

NOON = 1_800_000_000.0 - 1_800_000_000.0 % 3600


@pytest.mark.parametrize(
    ("count", "after", "allowed", "remaining", "reset"),
    [(1, 0, True, 9, 60), (10, 59.2, True, 0, 1), (11, 30, False, 0, 30), (500, 59.999, False, 0, 1)],
)
def test_a_window_is_judged_by_its_count(count, after, allowed, remaining, reset):
    verdict = judge(Limit.PAYMENTS, Rate(10, 60), count, NOON + after)
    assert (verdict.allowed, verdict.remaining, verdict.reset) == (allowed, remaining, reset)


def test_headers_follow_the_draft():
    allowed = judge(Limit.PAYMENTS, Rate(10, 60), 3, NOON + 15)
    assert headers(allowed) == [(b"ratelimit-policy", b'"payments";q=10;w=60'), (b"ratelimit", b'"payments";r=7;t=45')]
    refused = judge(Limit.PAYMENTS, Rate(10, 60), 11, NOON + 15)
    assert headers(refused)[2] == (b"retry-after", b"45")


@pytest.mark.parametrize(("amount", "share"), [(1, 1), (10, 1), (20, 1), (60, 3), (300, 15)])
def test_small_limits_are_counted_exactly_and_large_ones_in_steps(amount, share):
    assert Rate(amount, 60).share == share


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_customer_is_one_caller(address, counted):
    assert counted_as(address) == counted


class Broken:
    def __init__(self):
        self.asked = 0

    async def incr(self, key, expiry, amount=1):
        self.asked += 1
        raise redis.ConnectionError("Redis is away")


def hits(counter, limit, times, who="ada"):
    async def run():
        return [await counter.hit(limit, who) for _ in range(times)]

    return asyncio.run(run())


def counter_on(storage, now=NOON, **rates):
    return Counter({Limit[name]: rate for name, rate in rates.items()}, storage, lambda: now)


def test_without_redis_each_gateway_counts_for_itself_and_asks_rarely():
    broken = Broken()
    counter = counter_on(broken, LOGIN_ACCOUNT=Rate(10, 60))
    assert Tally(verdict.allowed for verdict in hits(counter, Limit.LOGIN_ACCOUNT, 30)) == {True: 10, False: 20}
    assert broken.asked == 1


def test_a_new_window_begins_afresh():
    now = [NOON]
    counter = Counter({Limit.PAYMENTS: Rate(2, 60)}, MemoryStorage(), lambda: now[0])

    async def run():
        first = [(await counter.hit(Limit.PAYMENTS, "ada")).allowed for _ in range(3)]
        now[0] += 60
        return [*first, (await counter.hit(Limit.PAYMENTS, "ada")).allowed]

    assert asyncio.run(run()) == [True, True, False, True]


def test_callers_do_not_use_up_each_others_calls():
    counter = counter_on(MemoryStorage(), PAYMENTS=Rate(1, 60))

    async def run():
        return [(await counter.hit(Limit.PAYMENTS, who)).allowed for who in ("ada", "eve", "ada")]

    assert asyncio.run(run()) == [True, True, False]


@pytest.mark.parametrize(("rate", "most"), [(Rate(10, 3600), 10), (Rate(300, 3600), 330)])
def test_gateways_count_together_through_redis(gateway_settings, rate, most):
    async def run():
        pools = [make_pool(gateway_settings()) for _ in range(2)]
        counters = [make_counter(gateway_settings(limit_payments=f"{rate.amount}/hour"), pool) for pool in pools]
        allowed = 0
        for number in range(rate.amount * 2):
            allowed += (await counters[number % 2].hit(Limit.PAYMENTS, "ada")).allowed
        for pool in pools:
            await pool.disconnect()
        return allowed

    assert rate.amount <= asyncio.run(run()) <= most


def test_logins_are_limited_by_account_whatever_the_spelling(open_door, problem):
    door = open_door(limit_login_account="3/hour")
    ada = door.person().register()

    def log_in(email, password="wrong words here"):
        return door.browser().post("/v1/auth/login", json={"email": email, "password": password})

    statuses = [log_in(email).status_code for email in ("ada@example.com", "ADA@example.com", "Ada@Example.com")]
    assert statuses == [401] * 3
    refused = log_in("aDa@example.com", ada.password)
    problem(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"].startswith('"login-account";r=0;t=')
    assert log_in("eve@example.com").status_code == 401


@pytest.mark.parametrize(
    ("setting", "method", "path"),
    [
        ("limit_login_address", "POST", "/v1/auth/login"),
        ("limit_register", "POST", "/v1/auth/register"),
        ("limit_password_reset", "POST", "/v1/auth/password-reset"),
        ("limit_payments", "POST", "/v1/programs/web/payments"),
        ("limit_receipts", "GET", "/v1/payments/edx-1/receipt"),
        ("limit_posts", "POST", "/v1/discussion/posts/018f/replies"),
        ("limit_verification", "GET", "/v1/certificates/verify/ABCD"),
        ("limit_default", "GET", "/v1/programs"),
    ],
)
def test_every_limit_refuses_with_a_problem(proxied, problem, setting, method, path):
    client = proxied(**{setting: "2/hour"}).browser()
    answers = [client.request(method, path, json={} if method == "POST" else None) for _ in range(3)]
    assert all(answer.status_code != 429 for answer in answers[:2])
    problem(answers[2], 429, "rate_limited")
    assert int(answers[2].headers["retry-after"]) <= 3600
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0"]
    assert all(answer.headers["ratelimit-policy"].endswith(";q=2;w=3600") for answer in answers)


def test_accounts_are_counted_apart_and_forged_tokens_by_address(proxied):
    door = proxied(limit_default="2/hour")
    ada, eve = door.student(), door.student("eve@example.com")

    def statuses(headers, times=3):
        return [door.browser().get("/v1/programs", headers=headers).status_code for _ in range(times)]

    assert statuses(ada.headers) == [200, 200, 429]
    assert statuses(eve.headers) == [200, 200, 429]
    assert statuses({}, 2) == [200, 200]
    assert statuses({"Authorization": "Bearer forged"}, 1) == [429]


def test_the_webhook_is_never_turned_away(proxied):
    client = proxied(limit_default="1/hour").browser()
    assert [client.post("/webhooks/paystack", content=b"{}").status_code for _ in range(4)] == [200] * 4
    assert "ratelimit" not in client.post("/webhooks/paystack", content=b"{}").headers


def test_redis_being_away_is_nobodys_problem(proxied, problem):
    door = proxied(cache_redis_url="redis://127.0.0.1:1/0", limit_payments="2/hour")
    ada = door.student()
    answers = [door.browser().post("/v1/programs/web/payments", headers=ada.headers, json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_of_two_tokens_the_first_counts_as_it_does_for_the_services(proxied):
    door = proxied(limit_default="1/hour")
    ada = door.student()
    both = [("Authorization", ada.headers["Authorization"]), ("Authorization", "Bearer forged")]
    assert [door.browser().get("/v1/programs", headers=both).status_code for _ in range(2)] == [200, 429]


def test_no_address_is_written_to_redis(open_door, cache_redis_url):
    door = open_door(limit_login_account="3/hour")
    door.person().register().log_in()
    client = redis.Redis.from_url(cache_redis_url)
    keys = b" ".join(client.keys("*login-account*"))
    client.close()
    assert keys
    assert b"example" not in keys
