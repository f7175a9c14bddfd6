"""
The engine's protocol, loaded fast and in one place. Generated modules carry no types worth having, so all are Any.
"""

from __future__ import annotations

import importlib
from typing import Any

from toolchain.protocol import load

grpc: Any = importlib.import_module("grpc")
struct_pb2: Any = importlib.import_module("google.protobuf.struct_pb2")
empty_pb2: Any = importlib.import_module("google.protobuf.empty_pb2")
any_pb2: Any = importlib.import_module("google.protobuf.any_pb2")

provider_pb2: Any
provider_pb2_grpc: Any
plugin_pb2: Any
engine_pb2: Any
engine_pb2_grpc: Any
status_pb2: Any
provider_pb2, provider_pb2_grpc, plugin_pb2, engine_pb2, engine_pb2_grpc, status_pb2 = load(
    "provider_pb2", "provider_pb2_grpc", "plugin_pb2", "engine_pb2", "engine_pb2_grpc", "status_pb2"
)
