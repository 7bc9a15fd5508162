"""Parameters that several routers take."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

PostId = Annotated[UUID, Path(alias="postId", description="of a post or a reply")]
