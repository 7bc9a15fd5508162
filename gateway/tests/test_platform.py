"""What the gateway says about the platform: CORS, health, metrics, the reference; and what settings it refuses."""

import re

import httpx
import pytest
from fastapi import FastAPI

from gateway.reference.merge import merge
from gateway.settings import GatewaySettings

ORIGIN = "https://app.example.com"


def test_browsers_of_a_configured_origin_may_call_with_cookies(open_door):
    client = open_door(cors_origins=f"{ORIGIN},https://admin.example.com").browser()
    preflight = client.options(
        "/v1/auth/login",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert preflight.headers["access-control-allow-credentials"] == "true"
    refused = client.post("/v1/auth/refresh", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)
    assert "X-Request-Id" in refused.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://app.example.com"])
def test_other_origins_get_no_permission(open_door, origin):
    client = open_door(cors_origins=ORIGIN).browser()
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert client.options("/v1/auth/login", headers=asked).status_code == 400
    answer = client.post("/v1/auth/refresh", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


def test_health_is_public_and_says_what_is_needed(door):
    client = door.browser()
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "checks": {"database": "ok"}}


def test_without_its_database_the_gateway_lives_but_is_not_ready(open_door):
    client = open_door(database_url="mysql+pymysql://nobody@127.0.0.1:1/none").browser()
    assert client.get("/livez").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "OperationalError")


def test_metrics_are_for_whoever_has_the_token(open_door, problem):
    client = open_door(metrics_token="metrics-token").browser()
    client.get("/v1/me")
    client.get("/v1/programs/web")
    client.get("/nowhere")
    problem(client.get("/metrics"), 401, "unauthenticated")
    problem(client.get("/metrics", headers={"Authorization": "Bearer wrong"}), 401, "unauthenticated")
    text = client.get("/metrics", headers={"Authorization": "Bearer metrics-token"}).text
    for method, route, status in (("GET", "/v1/me", 401), ("GET", "/v1/programs/{}", 503), ("GET", "unmatched", 404)):
        line = f'edx_http_requests_total{{method="{method}",route="{route}",service="gateway",status="{status}"}} 1.0'
        assert line in text


def test_without_a_token_there_are_no_metrics(door, problem):
    problem(door.browser().get("/metrics"), 404, "not_found")


def service_app(title, path):
    app = FastAPI(title=title)

    @app.get(path, summary=f"{title} <b>reads</b>")
    async def read(page: int = 1) -> dict[str, int]:
        """Says & does."""
        return {"page": page}

    @app.get("/internal/secret")
    async def internal() -> None:
        """Not for the public."""

    return app


def test_the_reference_is_one_document_of_all_services(open_door, live):
    learning, media = (live(service_app(title, path)).url for title, path in (("L", "/v1/l"), ("M", "/v1/m")))
    client = open_door(learning_url=learning, media_url=media).browser()
    document = client.get("/openapi.json").json()
    assert {"/v1/l", "/v1/m", "/v1/auth/login", "/v1/me"} <= set(document["paths"])
    assert "/internal/secret" not in document["paths"]
    assert document["x-services"] == ["gateway", "learning", "media"]
    assert document["x-not-answering"] == ["certificates", "discussion", "enrollment"]
    operations = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(operations)) == len(operations)
    body = document["paths"]["/v1/auth/register"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"].endswith("RegistrationIn")


def test_the_page_for_people_needs_nobody_elses_scripts(open_door, live):
    page = open_door(learning_url=live(service_app("L", "/v1/l")).url).browser().get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in page.text
    assert not re.search(r'(?:src|href)="https?:', page.text)
    assert "/v1/auth/register" in page.text
    assert "L &lt;b&gt;reads&lt;/b&gt;" in page.text
    assert "Says &amp; does." in page.text
    assert "Not answering right now" in page.text


def test_schemas_that_differ_under_one_name_are_kept_apart():
    def document(kind):
        reference = {"$ref": "#/components/schemas/Out"}
        answer = {"200": {"description": "", "content": {"application/json": {"schema": reference}}}}
        return {
            "paths": {f"/v1/{kind}": {"get": {"operationId": "read", "responses": answer}}},
            "components": {"schemas": {"Out": {"type": kind}, "Same": {"type": "string"}}},
        }

    merged = merge({"a": document("object"), "b": document("array")}, title="T", version="1", server="https://x")
    assert set(merged["components"]["schemas"]) == {"Out", "b_Out", "Same"}
    schema = merged["paths"]["/v1/array"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"] == "#/components/schemas/b_Out"
    assert merged["paths"]["/v1/array"]["get"]["operationId"] == "b_read"


GOOD = {
    "env": "production",
    "public_url": "https://api.example.com",
    "service_token_secrets": "s" * 32,
    "smtp_url": "smtps://mail.example.com",
    "database_url": "mysql+pymysql://u:p@db/edxelera_gateway",
    "redis_url": "redis://redis",
    "cache_redis_url": "redis://cache",
    "gateway_signing_key_path": "/run/secrets/key.pem",
}


def test_good_production_settings_are_taken():
    assert GatewaySettings(**GOOD).secure_cookies


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"public_url": "http://api.example.com"}, "EDX_PUBLIC_URL must be https"),
        ({"service_token_secrets": "short"}, "EDX_SERVICE_TOKEN_SECRETS"),
        ({"mail_file": "/tmp/mails"}, "EDX_MAIL_FILE is for the sandbox"),
        ({"smtp_url": None}, "EDX_SMTP_URL is missing"),
        ({"cors_origins": "http://app.example.com"}, "EDX_CORS_ORIGINS"),
        ({"cors_origins": "*", "env": "development"}, "name each origin"),
        ({"oidc_issuer": "http://issuer.example.com", "oidc_audience": "x"}, "EDX_OIDC_ISSUER must be https"),
        ({"gateway_signing_key_path": ""}, "gateway_signing_key_path"),
        ({"trusted_proxies": "not-a-network"}, "trusted_proxies"),
        ({"limit_default": "many"}, "limit_default"),
    ],
)
def test_settings_that_are_not_safe_are_refused_with_their_name(changed, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        GatewaySettings(**{**GOOD, **changed})


def test_the_settings_come_from_the_environment(monkeypatch):
    for name, value in GOOD.items():
        key = "EDX_GATEWAY_DATABASE_URL" if name == "database_url" else f"EDX_{name.upper()}"
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("EDX_GATEWAY_SIGNING_KEY_PATH", "/a.pem, /b.pem")
    monkeypatch.setenv("EDX_TRUSTED_PROXIES", "10.0.0.0/8,172.16.0.1")
    settings = GatewaySettings()
    assert settings.gateway_signing_key_path == ("/a.pem", "/b.pem")
    assert settings.trusted_proxies == ("10.0.0.0/8", "172.16.0.1")
    assert settings.reset_page == "https://api.example.com/password-reset"


def test_an_unknown_answer_stays_a_problem(door):
    answer = httpx.request("OPTIONS", f"{door.url}/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
