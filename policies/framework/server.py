"""
Serves a pack to the engine, in place of the library's `PolicyPack`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

from google.protobuf import empty_pb2  # type: ignore[import-untyped]

from policies.framework.analyzer import Analyzer, analyzer_pb2
from policies.framework.calls import Answer, Calls
from policies.framework.rule import Pack

SERVICE: Final = "/pulumirpc.Analyzer"
# What the engine asks, and what it sends with it. It also tries a handshake and a cancellation, and does without them.
QUESTIONS: Final = {
    "GetPluginInfo": empty_pb2.Empty,
    "GetAnalyzerInfo": empty_pb2.Empty,
    "ConfigureStack": analyzer_pb2.AnalyzerStackConfigureRequest,
    "Configure": analyzer_pb2.ConfigureAnalyzerRequest,
    "Remediate": analyzer_pb2.AnalyzeRequest,
    "Analyze": analyzer_pb2.AnalyzeRequest,
    "AnalyzeStack": analyzer_pb2.AnalyzeStackRequest,
}


def serve(pack: Pack, is_strange: Callable[[str], bool] = lambda _: False) -> NoReturn:
    """
    Answer the engine until it ends this process.
    """
    analyzer = Analyzer(pack, is_strange=is_strange)
    calls = Calls({f"{SERVICE}/{name}": _decoding(getattr(analyzer, name), sent) for name, sent in QUESTIONS.items()})
    sys.stdout.write(f"{calls.port}\n")
    sys.stdout.flush()
    calls.answer_for_ever()


def _decoding(method: Callable[[Any], Any], question: Any) -> Answer:
    def answer(message: bytes) -> bytes:
        answered: bytes = method(question.FromString(message)).SerializeToString()
        return answered

    return answer
