"""
How a plugin tells the engine what went wrong: a status with one complete line, never a traceback; and messages to its display.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable
from typing import Any

from ops.errors import FlotillaError
from sandbox.plugins.provider import PartialFailureError
from sandbox.plugins.values import encode
from sandbox.plugins.wire import any_pb2, engine_pb2, engine_pb2_grpc, grpc, provider_pb2, status_pb2

DETAILS_KEY = "grpc-status-details-bin"
LOG_TIMEOUT_S = 5.0


def answered(call: Callable[..., Any]) -> Callable[..., Any]:
    """
    Wrap a call of the service: errors end it with a status that the engine shows as it stands.
    """

    @functools.wraps(call)
    def wrapper(self: Any, request: Any, context: Any) -> Any:
        try:
            return call(self, request, context)
        except PartialFailureError as error:
            _fail_partially(context, error)
        except FlotillaError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            context.abort(grpc.StatusCode.UNKNOWN, _explanation(self, error))

    return wrapper


def _explanation(servicer: Any, error: Exception) -> str:
    """
    The provider's own words for its client's errors; for a bug, its type and place, with the traceback in the debug log.
    """
    explained: str | None = servicer.provider.explain(error)
    if explained:
        return explained
    servicer.log.write("debug", traceback.format_exc())
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.name}, line {last.lineno} of {last.filename.rpartition('/')[2]}"
    return (
        f"{servicer.name}: {type(error).__name__}: {error} ({place})."
        " This is a defect of the stand-in plugin. Run again with --logtostderr -v=9 for its traceback."
    )


def _fail_partially(context: Any, error: PartialFailureError) -> None:
    """
    Tell the engine to keep the resource, with what is wrong with it.
    """
    failed = provider_pb2.ErrorResourceInitFailed(id=error.id, properties=encode(error.state), reasons=[str(error)])
    detail = any_pb2.Any()
    detail.Pack(failed, type_url_prefix="type.googleapis.com")
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[detail])
    context.set_trailing_metadata(((DETAILS_KEY, status.SerializeToString()),))
    context.abort(code, str(error))


class EngineLog:
    """
    Messages to the engine's display. Where the engine cannot be reached they are lost, and nothing else is.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._stub: Any = None

    def write(self, severity: str, text: str, urn: str = "") -> None:
        """
        Show a message; severity is debug, info, warning, error, or status: shown while it lasts, and not kept.
        """
        with self._lock:
            if self._stub is None and self.address:
                self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(self.address))
        if self._stub is None:
            return
        is_status = severity == "status"
        level = engine_pb2.LogSeverity.Value("INFO" if is_status else severity.upper())
        entry = engine_pb2.LogRequest(severity=level, message=text, urn=urn, ephemeral=is_status)
        try:
            self._stub.Log(entry, timeout=LOG_TIMEOUT_S)
        except grpc.RpcError:
            return
