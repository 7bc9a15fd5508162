"""Logging in through an external OpenID Connect issuer that really publishes its documents."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from chassis.testing import published
from gateway.models import Account, ExternalIdentity

AUDIENCE = "edxelera-web"


class Issuer:
    """An OpenID Connect provider: discovery, JWKS, ID tokens."""

    def __init__(self, live):
        self.key = rsa.generate_private_key(65537, 2048)
        self.claims_to_be = None
        routes = [Route("/.well-known/openid-configuration", self.discovery), Route("/keys", self.keys)]
        self.url = live(Starlette(routes=routes)).url

    async def discovery(self, request):
        return JSONResponse({"issuer": self.claims_to_be or self.url, "jwks_uri": f"{self.url}/keys"})

    async def keys(self, request):
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return JSONResponse({"keys": [{**jwk, "kid": "one", "use": "sig", "alg": "RS256"}]})

    def token(self, *, key=None, kid="one", algorithm="RS256", drop=(), **changed):
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "user-1",
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada  Obi",
            "iat": now,
            "exp": now + 300,
            **changed,
        }
        for claim in drop:
            del claims[claim]
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def issuer(live):
    return Issuer(live)


@pytest.fixture
def federated(open_door, issuer):
    return open_door(oidc_issuer=issuer.url, oidc_audience=AUDIENCE)


def exchange(door, token, client=None):
    return (client or door.browser()).post("/v1/auth/oidc", json={"idToken": token})


def test_the_first_exchange_makes_an_account(federated, issuer):
    client = federated.browser()
    answer = exchange(federated, issuer.token(), client)
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert (user["email"], user["name"], user["roles"]) == ("ada@example.com", "Ada Obi", ["student"])
    me = client.get("/v1/me", headers={"Authorization": f"Bearer {answer.json()['accessToken']}"})
    assert me.json()["id"] == user["id"]
    assert client.post("/v1/auth/refresh").status_code == 200
    assert [event.name for event in published(federated.database)] == ["Ada Obi"]


def test_the_next_one_is_the_same_account_whatever_its_address_is_now(federated, issuer):
    first = exchange(federated, issuer.token()).json()["user"]["id"]
    later = exchange(federated, issuer.token(email="other@example.com", email_verified=False)).json()["user"]
    assert (later["id"], later["email"]) == (first, "ada@example.com")


def test_an_account_with_the_verified_address_is_linked_and_its_unproven_password_goes(federated, issuer, problem):
    squatter = federated.student("ADA@example.com")
    answer = exchange(federated, issuer.token())
    assert answer.json()["user"]["id"] == squatter.id
    assert squatter.client.post("/v1/auth/refresh").status_code == 401
    login = {"email": squatter.email, "password": squatter.password}
    problem(federated.browser().post("/v1/auth/login", json=login), 401, "invalid_credentials")


def test_two_first_exchanges_at_once_make_one_account(federated, issuer):
    exchange(federated, issuer.token(sub="warm-up", email="warm@example.com"))
    barrier, token = Barrier(4), issuer.token()

    def once(_):
        client = federated.browser()
        barrier.wait()
        return exchange(federated, token, client)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(once, range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    with federated.database.begin() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 2
        assert session.scalar(select(func.count()).select_from(ExternalIdentity)) == 2


@pytest.mark.parametrize("changed", [{"email_verified": False}, {"email": None}])
def test_an_unverified_address_makes_and_links_nothing(federated, issuer, problem, changed):
    problem(exchange(federated, issuer.token(**changed)), 403, "email_not_verified")
    with federated.database.begin() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-client"},
        {"aud": [AUDIENCE, "another-client"]},
        {"aud": [AUDIENCE, "another-client"], "azp": "another-client"},
        {"iss": "https://elsewhere.example.com"},
        {"exp": 1_000_000_000},
        {"drop": ["sub"]},
        {"drop": ["exp"]},
        {"sub": "x" * 256},
        {"kid": "two"},
        {"algorithm": "HS256", "key": "a-shared-secret-that-anybody-might-know"},
    ],
)
def test_tokens_that_are_not_for_us_are_refused(federated, issuer, problem, changed):
    problem(exchange(federated, issuer.token(**changed)), 401, "invalid_id_token")


def test_a_token_signed_by_somebody_else_is_refused(federated, issuer, problem):
    problem(exchange(federated, issuer.token(key=rsa.generate_private_key(65537, 2048))), 401, "invalid_id_token")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_what_is_no_token_is_refused(federated, problem, token):
    problem(exchange(federated, token), 401, "invalid_id_token")


def test_several_audiences_are_fine_when_the_token_was_issued_to_us(federated, issuer):
    token = issuer.token(aud=[AUDIENCE, "another-client"], azp=AUDIENCE)
    assert exchange(federated, token).status_code == 200


def test_an_issuer_that_calls_itself_otherwise_is_not_believed(federated, issuer, problem):
    issuer.claims_to_be = "https://elsewhere.example.com"
    problem(exchange(federated, issuer.token()), 503, "unavailable")


def test_an_issuer_that_is_away_is_a_503(open_door, issuer, problem):
    door = open_door(oidc_issuer="http://127.0.0.1:1", oidc_audience=AUDIENCE)
    answer = exchange(door, issuer.token())
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"


def test_without_a_configured_issuer_there_is_nothing(door, issuer, problem):
    problem(exchange(door, issuer.token()), 404, "oidc_not_configured")


def test_an_issuer_without_an_audience_is_a_mistake(gateway_settings):
    with pytest.raises(ValueError, match="EDX_OIDC_AUDIENCE"):
        gateway_settings(oidc_issuer="https://issuer.example.com")
