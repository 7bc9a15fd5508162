"""What the routers share: the store, the clock and the settings of the running application."""

from typing import Annotated

from fastapi import Depends, Request

from sandbox.clock import Clock
from sandbox.settings import Settings
from sandbox.store import Store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _now(request: Request) -> int:
    clock: Clock = request.app.state.clock
    return clock()


TheSettings = Annotated[Settings, Depends(_settings)]
TheStore = Annotated[Store, Depends(_store)]
Now = Annotated[int, Depends(_now)]
