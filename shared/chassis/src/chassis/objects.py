"""Objects in S3, or in anything that speaks its protocol.

boto3 is imported at the first use: a process that never touches an object does not pay its 40 MiB. URLs for browsers
are signed by a client of their own, because the host is part of the signature and a browser may know the store by
another name than this process does. Signature version 4 and path addressing work everywhere (facts).
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Self
from urllib.parse import quote

from pydantic import Field, SecretStr

from chassis.errors import Unavailable
from chassis.settings import ServiceSettings

#: S3 answers these when the object, its upload or the requested range does not exist.
_MISSING = {"404", "NoSuchKey", "NotFound", "NoSuchUpload"}
_EXISTS = {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}


class S3Settings(ServiceSettings):
    """Settings of a service that keeps objects; without an endpoint it is AWS, without keys its default credentials."""

    s3_endpoint_url: str | None = None
    s3_public_endpoint_url: str | None = Field(default=None, description="the same store as browsers reach it")
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    def unsafe_for_production(self) -> list[str]:
        """Files travel to browsers over HTTPS."""
        public = self.s3_public_endpoint_url or self.s3_endpoint_url
        plain = ["EDX_S3_PUBLIC_ENDPOINT_URL must be https"] if public and not public.startswith("https://") else []
        return [*super().unsafe_for_production(), *plain]


class StorageUnavailable(Unavailable):
    """The object store did not answer, or refused us."""

    code = "storage_unavailable"
    title = "The file store cannot be reached"


class ObjectMissing(LookupError):
    """There is no such object, upload or bucket."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows about an object; ``etag`` is without quotes."""

    size: int
    content_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart upload as the store received it."""

    number: int
    size: int
    etag: str


class ObjectStore:
    """A store by its endpoint and credentials; ``None`` means what AWS would do by default. Thread-safe."""

    def __init__(
        self,
        endpoint: str | None,
        public_endpoint: str | None,
        region: str,
        key: str | None,
        secret: str | None,
    ) -> None:
        self._endpoint = endpoint
        self._public_endpoint = public_endpoint or endpoint
        self._credentials = {"region_name": region, "aws_access_key_id": key, "aws_secret_access_key": secret}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: S3Settings) -> Self:
        """The store that the environment names."""
        secret = settings.s3_secret_access_key
        return cls(
            settings.s3_endpoint_url,
            settings.s3_public_endpoint_url,
            settings.s3_region,
            settings.s3_access_key_id,
            secret.get_secret_value() if secret else None,
        )

    def ensure_bucket(self, bucket: str) -> None:
        """Create ``bucket`` unless it exists. Where we may not even ask (403), it was made for us with fewer rights."""
        try:
            with _translated(allowed={"403"}):
                self._private.head_bucket(Bucket=bucket)
        except ObjectMissing:
            region = self._credentials["region_name"]
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            with _translated(allowed=_EXISTS):
                self._private.create_bucket(Bucket=bucket, **place)

    def put(self, bucket: str, key: str, body: bytes, content_type: str) -> str:
        """Store ``body`` under ``key``, over whatever was there; answers its ETag."""
        with _translated():
            answer = self._private.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return _unquoted(answer["ETag"])

    def get(self, bucket: str, key: str) -> bytes:
        """The whole object."""
        with _translated():
            return bytes(self._private.get_object(Bucket=bucket, Key=key)["Body"].read())

    def get_range(self, bucket: str, key: str, start: int, length: int) -> bytes:
        """At most ``length`` bytes from ``start``; empty past the end."""
        found = b""
        with _translated(allowed={"InvalidRange", "416"}):
            span = f"bytes={start}-{start + length - 1}"
            found = bytes(self._private.get_object(Bucket=bucket, Key=key, Range=span)["Body"].read())
        return found  # noqa: RET504  (empty when the store answered that the range is past the end)

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Size, type and ETag of an object."""
        with _translated():
            found = self._private.head_object(Bucket=bucket, Key=key)
        return ObjectInfo(found["ContentLength"], found.get("ContentType", ""), _unquoted(found["ETag"]))

    def sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        """The objects whose keys begin with ``prefix``, and their sizes."""
        with _translated():
            pages = self._private.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", ())}

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; removing what is not there is fine."""
        with _translated(allowed=_MISSING):
            self._private.delete_object(Bucket=bucket, Key=key)

    def presign_get(self, bucket: str, key: str, lifetime: timedelta, *, filename: str | None = None) -> str:
        """A URL that answers the object, as a download named ``filename`` if one is given."""
        params = {"Bucket": bucket, "Key": key}
        if filename:
            params["ResponseContentDisposition"] = attachment(filename)
        return self._presign("get_object", params, lifetime)

    def presign_put(self, bucket: str, key: str, lifetime: timedelta, *, content_type: str, size: int) -> str:
        """A URL that takes one PUT of exactly ``size`` bytes sent as ``content_type``: both are signed."""
        params = {"Bucket": bucket, "Key": key, "ContentType": content_type, "ContentLength": size}
        return self._presign("put_object", params, lifetime)

    def create_multipart(self, bucket: str, key: str, content_type: str) -> str:
        """Begin an upload in parts; answers its id."""
        with _translated():
            answer = self._private.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)
        return str(answer["UploadId"])

    def presign_part(self, bucket: str, key: str, upload_id: str, number: int, lifetime: timedelta, size: int) -> str:
        """A URL that takes part ``number`` (from 1) of exactly ``size`` bytes."""
        params = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number, "ContentLength": size}
        return self._presign("upload_part", params, lifetime)

    def list_parts(self, bucket: str, key: str, upload_id: str) -> list[Part]:
        """The parts that have arrived, in order."""
        with _translated():
            pages = self._private.get_paginator("list_parts").paginate(Bucket=bucket, Key=key, UploadId=upload_id)
            return [
                Part(part["PartNumber"], part["Size"], _unquoted(part["ETag"]))
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete_multipart(self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the object out of its parts."""
        chosen = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        with _translated():
            self._private.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": chosen}
            )

    def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        """Give up an upload and free its parts; giving up a finished one is fine."""
        with _translated(allowed=_MISSING):
            self._private.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)

    def _presign(self, operation: str, params: dict[str, Any], lifetime: timedelta) -> str:
        seconds = int(lifetime.total_seconds())
        return str(self._public.generate_presigned_url(operation, Params=params, ExpiresIn=seconds))

    @cached_property
    def _private(self) -> Any:
        return self._client(self._endpoint)

    @cached_property
    def _public(self) -> Any:
        return self._private if self._public_endpoint == self._endpoint else self._client(self._public_endpoint)

    def _client(self, endpoint: str | None) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=20,
            retries={"mode": "standard", "max_attempts": 3},
            # Some servers answer a range with the checksum of the whole object.
            response_checksum_validation="when_required",
        )
        with self._lock:  # sessions are not thread-safe while they make clients
            session = boto3.session.Session(**self._credentials)
            return session.client("s3", endpoint_url=endpoint, config=config)


def attachment(filename: str) -> str:
    """A Content-Disposition that downloads as ``filename`` (RFC 6266, with an ASCII name for old clients)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _unquoted(etag: str) -> str:
    return etag.strip('"')


@contextmanager
def _translated(allowed: set[str] | frozenset[str] = frozenset()) -> Iterator[None]:
    """botocore's errors as ours; those whose code is ``allowed`` are swallowed."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in allowed:
            return
        if code in _MISSING or code == "NoSuchBucket":
            raise ObjectMissing(code) from error
        raise StorageUnavailable(f"The file store answered {code}.") from error
    except BotoCoreError as error:
        raise StorageUnavailable from error
