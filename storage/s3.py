"""A shelf in an S3 bucket. An object is durable when its PUT is answered, and ``If-None-Match: *`` never overwrites."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from storage.captures_log import stamp
from storage.errors import ArchiveUnavailable, NotFound

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_ATTEMPTS = 5  # for conflicts (409); botocore itself repeats timeouts, 5xx and SlowDown as often
_LANES = 8  # PUTs at a time


class BucketShelf:
    """Blobs and logs in ``s3://bucket/prefix``; boto3 finds the endpoint and the keys. ``Shelf`` has the contract.

    Nothing can be appended to an object, so each flush writes a log of its own.
    """

    def __init__(self, place: str) -> None:
        self._bucket, _, prefix = place.removeprefix("s3://").partition("/")
        if not re.fullmatch(r"[\w.-]+", self._bucket):  # not repeated: someone may have put a key into it
            raise ArchiveUnavailable("kept bytes: the s3:// address names no bucket", hint="write s3://bucket/prefix")
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        with self._answering():
            self._client = _client()

    def keep(self, names: Iterable[str], packed: Callable[[str], bytes]) -> None:
        """Several PUTs at a time. None asks first whether the object is there: the answer says so."""
        with ThreadPoolExecutor(_LANES) as pool:
            list(pool.map(lambda name: self._put(name, packed(name)), names))

    def append(self, at: datetime, lines: bytes) -> None:
        """One new object."""
        self._put(f"captures/{at:%Y-%m-%d}/{stamp(at)}-{uuid4().hex[:8]}.jsonl", lines)

    def read(self, name: str) -> bytes:
        """The object's bytes."""
        try:
            with self._answering():
                return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        except ArchiveUnavailable as error:
            if isinstance(error.__cause__, self._client.exceptions.NoSuchKey):
                raise NotFound(f"s3://{self._bucket}/{self._prefix}: no {name}") from error
            raise

    def replace(self, name: str, data: bytes) -> None:
        """PUT, whatever is there."""
        with self._answering():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)

    def remove(self, name: str) -> bool:
        """DELETE. Where the bucket keeps versions, an older one stays until its own rules remove it."""
        is_there = self.has(name)
        if is_there:
            with self._answering():
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
        return is_there

    def has(self, name: str) -> bool:
        """HEAD."""
        try:
            self.size(name)
        except NotFound:
            return False
        return True

    def size(self, name: str) -> int:
        """HEAD."""
        try:
            with self._answering():
                return self._client.head_object(Bucket=self._bucket, Key=self._prefix + name)["ContentLength"]
        except ArchiveUnavailable as error:
            if _status(error.__cause__) == 404:
                raise NotFound(f"s3://{self._bucket}/{self._prefix}: no {name}") from error
            raise

    def names(self, folder: str) -> Iterator[str]:
        """Page by page; S3 lists in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/"
        )
        with self._answering():
            for page in pages:
                for found in page.get("Contents", []):
                    yield found["Key"].removeprefix(self._prefix)

    def lines(self, name: str) -> Iterator[bytes]:
        """A log holds one flush, so it is read whole."""
        yield from self.read(name).splitlines(keepends=True)

    def _put(self, name: str, data: bytes) -> None:
        """PUT unless there; 412 means that it is."""
        for attempt in range(_ATTEMPTS):
            try:
                with self._answering():
                    self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data, IfNoneMatch="*")
            except ArchiveUnavailable as error:
                code = _status(error.__cause__)
                if code == 412:
                    return
                if code != 409 or attempt + 1 == _ATTEMPTS:
                    raise
                time.sleep(0.1 * 2**attempt)  # another writer is at the same object
            else:
                return

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Errors name the bucket and the cause; S3's own text is left out, it may repeat what was sent."""
        try:
            yield
        except ClientError as error:
            cause = error.response.get("Error", {}).get("Code", "unknown")
            raise ArchiveUnavailable(f"kept bytes: S3 bucket {self._bucket}: {cause}") from error
        except NoCredentialsError as error:
            raise ArchiveUnavailable(
                f"kept bytes: S3 bucket {self._bucket}: no credentials",
                hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ) from error
        except BotoCoreError as error:
            raise ArchiveUnavailable(f"kept bytes: S3 bucket {self._bucket}: {type(error).__name__}") from error


def _client() -> S3Client:
    def made(style: Literal["auto", "path"]) -> S3Client:
        config = Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_LANES,
            s3={"addressing_style": style},
            request_checksum_calculation="when_required",  # stores other than Amazon's may refuse the newer ones
            response_checksum_validation="when_required",
        )
        client: S3Client = boto3.session.Session().client("s3", config=config)
        return client

    client = made("auto")
    if ".amazonaws.com" not in client.meta.endpoint_url:  # an endpoint is set, and its buckets have no host names
        client = made("path")
    return client


def _status(error: BaseException | None) -> int | None:
    return error.response["ResponseMetadata"]["HTTPStatusCode"] if isinstance(error, ClientError) else None
