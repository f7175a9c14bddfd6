"""
The one version of the engine that everything here is pinned to: the SDK's in requirements.lock, the module's in go.mod.
"""

ENGINE_VERSION = "3.259.0"
