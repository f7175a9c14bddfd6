"""
gRPC calls answered in the thread that waits for them, one after the other.

grpc's own server hands each call from thread to thread and takes half a millisecond of processor time for it, its `aio` server
somewhat more, this one less than half as much; the engine makes four calls for each resource. Rules are short and hold the
interpreter's lock, so that threads gain nothing. What lies below grpc's servers is not a public interface: its version is
pinned, and tests speak to this server as the engine does.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NoReturn

# The thread that waits for a call then reads it too, in place of one that wakes it. Read when grpc is loaded.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")

from grpc._cython import cygrpc  # type: ignore[import-untyped]

Answer = Callable[[bytes], bytes]
MESSAGE_BYTES: Final = 400 * 1024 * 1024  # the engine's own limit
NO_FLAGS: Final = 0
OPTIONS: Final = (("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES))


class Calls:
    """
    Answers by a method's full name, `/package.Service/Method`; any other method is refused as not implemented. Listens on
    `port` of loopback as soon as it is made.
    """

    port: int

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = {name.encode(): answer for name, answer in answers.items()}
        self._queue = cygrpc.CompletionQueue()
        self._server = cygrpc.Server(OPTIONS, False)  # False: not configured by a management server (xDS)
        self._server.register_completion_queue(self._queue)
        self.port = self._server.add_http2_port(b"127.0.0.1:0")
        self._server.start()
        self._expect_call()

    def answer_for_ever(self) -> NoReturn:
        """
        Whatever is asked, until this process is ended. What happens is told to the function that was left as its tag.
        """
        while True:
            event = self._queue.poll()
            event.tag(event)

    def _expect_call(self) -> None:
        self._server.request_call(self._queue, self._queue, self._begun)

    def _begun(self, event: Any) -> None:
        self._expect_call()
        answer = self._answers.get(event.call_details.method)
        if answer is None:
            _refuse(event.call, cygrpc.StatusCode.unimplemented, "Method not found!")
        else:
            event.call.start_server_batch((cygrpc.ReceiveMessageOperation(NO_FLAGS),), partial(_asked, event.call, answer))


def _asked(call: Any, answer: Answer, event: Any) -> None:
    message = event.batch_operations[0].message()
    if message is None:
        return _refuse(call, cygrpc.StatusCode.cancelled, "The question was taken back.")
    try:
        answered = answer(message)
    except Exception as error:
        # As grpc's own server does: the engine stops and says so.
        sys.stderr.write(traceback.format_exc())
        return _refuse(call, cygrpc.StatusCode.unknown, f"Exception calling application: {error}")
    return _end(call, cygrpc.StatusCode.ok, "", cygrpc.SendMessageOperation(answered, NO_FLAGS))


def _refuse(call: Any, code: int, details: str) -> None:
    _end(call, code, details)


def _end(call: Any, code: int, details: str, *message: Any) -> None:
    operations = (
        cygrpc.SendInitialMetadataOperation((), NO_FLAGS),
        *message,
        cygrpc.ReceiveCloseOnServerOperation(NO_FLAGS),
        cygrpc.SendStatusFromServerOperation((), code, details.encode(), NO_FLAGS),
    )
    call.start_server_batch(operations, partial(_ended, call))


def _ended(call: Any, event: Any) -> None:
    """
    Nothing is left to do; until now the tag has kept the call alive.
    """
