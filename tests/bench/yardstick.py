"""The empty FastAPI endpoint that everything else is measured against."""

from fastapi import FastAPI, Response

app = FastAPI(openapi_url=None)


@app.post("/empty")
@app.get("/empty")
async def empty() -> Response:
    """Nothing, as fast as FastAPI can."""
    return Response(b'{"ok":true}', media_type="application/json")
