"""
What all who work on a stack share: a few small files beside the engine's state, in the same folder or bucket.

Every change is a comparison and a write in one step, so that two who change the same file at once cannot both succeed.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from ops import stack as stacks
from ops.errors import FlotillaError, MissingToolError, SettingsError
from ops.progress import say

FOLDER = ".flotilla"
# In the place of a stack: what belongs to this checkout and to no stack, such as pushing its commits. No stack is called so.
CHECKOUT = "@checkout"
# As the engine names stacks, and a folder of its own in any store.
STACK = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
# What a store answers where the comparison failed (RFC 9110), or two writers met.
CONFLICTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})


class Shelf(Protocol):
    """
    The shared files of one stack. A content of None is a file that is not there.
    """

    @property
    def place(self) -> str:
        """
        Where it is, for people.
        """

    def read(self, name: str) -> bytes | None:
        """
        What a file holds.
        """

    def swap(self, name: str, before: bytes | None, after: bytes | None) -> bool:
        """
        Put `after` in the place of `before`; False, and nothing changed, where something else is there by now.
        """

    def engine_locks(self) -> list[bytes]:
        """
        The engine's own locks of the stack, which it keeps beside the state: `.pulumi/locks/<organization>/<project>/<stack>/`.
        """


def of(checkout: Path, stack: str, known: Mapping[str, str]) -> Shelf:
    """
    The shelf of a stack, or of `CHECKOUT`. `known` is what `ops.stack.environment` returned.

    Raises: SettingsError for what is no name of a stack.
    """
    if stack == CHECKOUT:
        return Folder(checkout / FOLDER / "checkout")
    if not STACK.fullmatch(stack):
        raise SettingsError(f"--stack: {stack!r} is no name of a stack. Nothing was done. See `pulumi stack ls`.")
    address = known.get("PULUMI_BACKEND_URL", "")
    parts = urlsplit(address)
    if parts.scheme == "file":
        path = unquote(parts.path) if parts.netloc in ("", "localhost") else f"{parts.netloc}{unquote(parts.path)}"
        return Folder(Path(path).expanduser() / FOLDER / stack)
    if parts.scheme == "s3":
        return Bucket.of(address, stack, known)
    say(
        f"flotilla: the state is kept at {parts.scheme or 'a place that is not known'}, where Flotilla keeps no lock: lock and "
        f"history of {stack} hold for this checkout only."
    )
    return Folder(checkout / FOLDER / "shelf" / stack)


def find(checkout: Path, stack: str) -> Shelf:
    """
    The shelf of a stack, or of `CHECKOUT`, wherever it is.

    Raises: SettingsError for what is no name of a stack; MissingToolError where this checkout was never set up.
    """
    return of(checkout, stack, {} if stack == CHECKOUT else stacks.environment(checkout))


@dataclass(frozen=True)
class Folder:
    """
    A folder, of this machine or of a shared disk that knows locks.
    """

    path: Path

    @property
    def place(self) -> str:
        """
        The folder.
        """
        return str(self.path)

    def read(self, name: str) -> bytes | None:
        """
        What a file holds.
        """
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def swap(self, name: str, before: bytes | None, after: bytes | None) -> bool:
        """
        Compare and write, while no other process does; on disk when this returns.
        """
        with self._guarded():
            if self.read(name) != before:
                return False
            if after is None:
                (self.path / name).unlink(missing_ok=True)
            else:
                self._write(name, after)
            self._sync()
        return True

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, mode=0o700, exist_ok=True)
            handle = os.open(self.path / ".guard", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise FlotillaError(
                f"{self.path}: {error.strerror}. Nothing was done. Lock and history are kept there: make it writable."
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, name: str, content: bytes) -> None:
        handle, draft = tempfile.mkstemp(dir=self.path, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.path / name)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    def engine_locks(self) -> list[bytes]:
        """
        Of whichever project keeps its state here.
        """
        found = []
        for path in sorted(self.path.parents[1].glob(f".pulumi/locks/**/{self.path.name}/*.json")):
            with suppress(FileNotFoundError):  # it was just given back
                found.append(path.read_bytes())
        return found

    def _sync(self) -> None:
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@dataclass(frozen=True)
class Bucket:
    """
    An S3-compatible store that compares before it writes (`If-None-Match`, `If-Match`). `client` is boto3's.
    """

    client: Any
    bucket: str
    prefix: str

    @classmethod
    def of(cls, address: str, stack: str, known: Mapping[str, str]) -> Bucket:
        """
        As the engine's address of the state says: `s3://bucket/prefix?endpoint=...&region=...&use_path_style=true`.
        """
        import boto3
        from botocore.config import Config

        parts = urlsplit(address)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        endpoint = options.get("endpoint")
        session = boto3.session.Session(
            aws_access_key_id=known.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=known.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=known.get("AWS_SESSION_TOKEN"),
            profile_name=options.get("profile") or known.get("AWS_PROFILE"),
            region_name=options.get("region") or known.get("AWS_REGION") or "us-east-1",
        )
        style = "path" if options.get("use_path_style", options.get("s3ForcePathStyle")) == "true" else "auto"
        client = session.client(
            "s3",
            endpoint_url=endpoint if endpoint is None or "://" in endpoint else f"https://{endpoint}",
            config=Config(s3={"addressing_style": style}, connect_timeout=10, read_timeout=30, retries={"max_attempts": 3}),
        )
        prefix = "/".join(part for part in (parts.path.strip("/"), FOLDER, stack) if part)
        return cls(client=client, bucket=parts.netloc, prefix=prefix)

    @property
    def place(self) -> str:
        """
        The folder in the bucket.
        """
        return f"s3://{self.bucket}/{self.prefix}"

    def read(self, name: str) -> bytes | None:
        """
        What an object holds.
        """
        return self._get(name)[0]

    def swap(self, name: str, before: bytes | None, after: bytes | None) -> bool:
        """
        Compare here, and have the store compare again when it writes.
        """
        found, tag = self._get(name)
        if found != before:
            return False
        if after is None:
            if found is not None:
                self._ask("delete_object", Key=f"{self.prefix}/{name}")
            return True
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        return self._ask("put_object", Key=f"{self.prefix}/{name}", Body=after, **condition) is not None

    def engine_locks(self) -> list[bytes]:
        """
        Of whichever project keeps its state here.
        """
        above, _, stack = self.prefix.rpartition(f"{FOLDER}/")
        listed = self._ask("list_objects_v2", Prefix=f"{above}.pulumi/locks/") or {}
        keys = [str(row["Key"]) for row in listed.get("Contents", ())]
        chosen = [key for key in keys if key.endswith(".json") and key.split("/")[-2] == stack]
        answers = [self._ask("get_object", Key=key) for key in sorted(chosen)]
        return [answer["Body"] for answer in answers if answer is not None]

    def _get(self, name: str) -> tuple[bytes | None, str | None]:
        answer = self._ask("get_object", Key=f"{self.prefix}/{name}")
        return (None, None) if answer is None else (answer["Body"], answer["ETag"])

    def _ask(self, what: str, **arguments: Any) -> dict[str, Any] | None:
        """
        None where there is no such object, or another one than was compared with.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = dict(getattr(self.client, what)(Bucket=self.bucket, **arguments))
            return {**answer, "Body": answer["Body"].read()} if "Body" in answer else answer
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            if code in ABSENT | CONFLICTS:
                return None
            said = f"it answers {code}"
        except BotoCoreError as error:
            said = f"it does not answer ({type(error).__name__})"
        raise MissingToolError(
            f"{self.place}: {said}. Lock and history of the stack are kept there, so nothing more was done. "
            f"Look whether `pulumi stack ls` works with the same credentials."
        )
