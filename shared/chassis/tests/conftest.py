from collections.abc import Callable
from typing import Any

import httpx
import pytest
from example_service import ExampleSettings, create_app
from fastapi import FastAPI


@pytest.fixture
def app(settings_for: Callable[..., Any]) -> FastAPI:
    return create_app(settings_for(ExampleSettings))


@pytest.fixture
def client(app: FastAPI, serve: Callable[[Any], httpx.Client]) -> httpx.Client:
    return serve(app)
