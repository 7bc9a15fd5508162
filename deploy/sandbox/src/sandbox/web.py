"""What the routers share: the store, the clock and the settings of the running application.

The dependencies are ``async`` so that none of them costs a thread.
"""

from typing import Annotated

from fastapi import Depends, Request

from sandbox.clock import Clock
from sandbox.settings import Settings
from sandbox.store import Store


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _now(request: Request) -> int:
    clock: Clock = request.app.state.clock
    return clock()


TheSettings = Annotated[Settings, Depends(_settings)]
TheStore = Annotated[Store, Depends(_store)]
Now = Annotated[int, Depends(_now)]
