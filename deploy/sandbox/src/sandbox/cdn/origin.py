"""The object store behind the edge: signed, streamed reads with Range passed through."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx

from sandbox.cdn.denials import Denied
from sandbox.settings import Settings

CHUNK = 64 * 1024


class Origin:
    """One bucket of an S3-compatible store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5), trust_env=False)

    @property
    def is_configured(self) -> bool:
        """True when the settings name an endpoint and a bucket."""
        return bool(self._settings.s3_endpoint_url and self._settings.s3_bucket)

    async def open(self, method: str, key: str, byte_range: str | None) -> httpx.Response:
        """Start to read an object; the caller streams and closes the answer. Denies what is not there."""
        headers = {"accept-encoding": "identity"}
        if byte_range:
            headers["range"] = byte_range
        response = await self._send(method, key, headers)
        if response.status_code in (200, 206):
            return response
        await response.aclose()
        if response.status_code == 416:
            raise Denied("range", {"Content-Range": f"bytes */{await self._size(key)}"})
        raise _denial(response.status_code)

    async def is_reachable(self) -> bool:
        """True when the store answers at all."""
        try:
            response = await self._send("HEAD", "", {})
        except Denied:
            return False
        await response.aclose()
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _size(self, key: str) -> str:
        response = await self._send("HEAD", key, {})
        await response.aclose()
        return str(response.headers.get("content-length", "*"))

    async def _send(self, method: str, key: str, headers: dict[str, str]) -> httpx.Response:
        if not self.is_configured:
            raise Denied("origin_unconfigured")
        # SigV4 signs the path as sent, so it is quoted here, once.
        url = f"{self._settings.s3_endpoint_url}/{self._settings.s3_bucket}/{quote(key, safe='/~')}"
        request = self._client.build_request(method, url, headers={**headers, **self._signed_headers(method, url)})
        try:
            return await self._client.send(request, stream=True)
        except httpx.HTTPError:
            raise Denied("origin_down") from None

    def _signed_headers(self, method: str, url: str) -> dict[str, str]:
        # Imported here: a sandbox whose CDN nobody uses need not carry botocore.
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        settings = self._settings
        credentials = Credentials(settings.s3_access_key_id, settings.s3_secret_access_key.get_secret_value())
        request = AWSRequest(method=method, url=url)
        S3SigV4Auth(credentials, "s3", settings.s3_region).add_auth(request)
        return dict(request.headers.items())


async def stream(response: httpx.Response) -> AsyncIterator[bytes]:
    """Pass the body on piece by piece; closes the answer when the viewer goes away, too."""
    try:
        async for chunk in response.aiter_raw(CHUNK):
            yield chunk
    finally:
        await response.aclose()


def _denial(status: int) -> Denied:
    if status == 404:
        return Denied("no_such_object")
    return Denied("origin_refused" if status in (400, 401, 403) else "origin_down")
