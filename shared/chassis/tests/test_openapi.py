"""What the OpenAPI document says an operation needs."""

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI

from chassis.auth import AsAdmin, AsCaller, AsService, AsStaff, Caller, MaybeCaller
from chassis.openapi import describe_security


def _of_program(caller: AsCaller) -> Caller:
    return caller


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/open")
    def open_() -> None: ...

    @app.get("/maybe")
    def maybe(caller: MaybeCaller) -> None: ...

    @app.get("/login")
    @app.post("/login")
    def login(caller: AsCaller) -> None: ...

    @app.get("/staff")
    def staff(caller: AsStaff) -> None: ...

    @app.get("/admin/{name}")
    def admin(caller: AsAdmin, name: str) -> None: ...

    @app.get("/by-another-way")
    def wrapped(caller: Annotated[Caller, Depends(_of_program)]) -> None: ...

    @app.get("/both")
    def both(known: MaybeCaller, caller: AsCaller) -> None: ...

    @app.get("/internal")
    def internal(service: AsService) -> None: ...

    @app.get("/hidden", include_in_schema=False)
    def hidden(caller: AsCaller) -> None: ...

    describe_security(app)
    return app


TOKEN = [{"bearer": []}]


@pytest.mark.parametrize(
    ("path", "security"),
    [
        ("/open", None),
        ("/maybe", [{}, *TOKEN]),
        ("/login", TOKEN),
        ("/staff", TOKEN),
        ("/admin/{name}", TOKEN),
        ("/by-another-way", TOKEN),
        ("/both", TOKEN),
        ("/internal", [{"service": []}]),
    ],
)
def test_an_operation_says_what_it_needs(path: str, security: object) -> None:
    assert _app().openapi()["paths"][path]["get"].get("security") == security


def test_every_method_says_it_and_the_schemes_are_described() -> None:
    document = _app().openapi()
    assert document["paths"]["/login"]["post"]["security"] == TOKEN
    assert document["components"]["securitySchemes"].keys() == {"bearer", "service"}


def test_a_service_where_nobody_logs_in_has_no_schemes() -> None:
    app = FastAPI()
    app.get("/open")(lambda: None)
    describe_security(app)
    assert "securitySchemes" not in app.openapi().get("components", {})
