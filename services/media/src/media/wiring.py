"""What the endpoints need beside the chassis, held by the application: store, signer, access client, database."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from chassis.database import Database
from chassis.objects import ObjectStore
from media.playback.access import AccessClient
from media.playback.cloudfront import Signer
from media.settings import Settings


async def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


async def _database(request: Request) -> Database:
    found: Database = request.app.state.db
    return found


async def _store(request: Request) -> ObjectStore:
    found: ObjectStore = request.app.state.store
    return found


async def _signer(request: Request) -> Signer:
    found: Signer = request.app.state.signer
    return found


async def _access(request: Request) -> AccessClient:
    found: AccessClient = request.app.state.access
    return found


MediaSettings = Annotated[Settings, Depends(_settings)]
#: For endpoints that talk to other systems: their transactions are short and never open during a call.
Db = Annotated[Database, Depends(_database)]
Store = Annotated[ObjectStore, Depends(_store)]
CdnSigner = Annotated[Signer, Depends(_signer)]
Access = Annotated[AccessClient, Depends(_access)]
