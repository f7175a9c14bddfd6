"""
What a stand-in plugin is made of: a provider, its resource types and its functions. The gRPC side is in `servicer.py`.

Subclasses see plain Python values only: camelCase keys as in the plugin's schema, no secret wrappers, no nulls, never an
unknown value in `create`, `update`, `delete` and `read` (the servicer answers previews itself). Files and archives arrive as
`values.Asset` and `values.Archive`.

The entry of provider `<name>` is the class named in `registry.py`; its module is imported only when the engine configures it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, final

from ops.errors import FlotillaError
from sandbox.plugins.intents import Intent

Properties = dict[str, Any]

DEFAULT_TIMEOUT_S: Final = 600.0


@final
class Unknown:
    """
    The type of UNKNOWN: a value that a preview cannot know yet.
    """

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """
    One rejected input: `property` is the path (`publicNets[0].ipv4`), `reason` a sentence.
    """

    property: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """
    What surrounds one operation.

    `log(severity, text)` writes to the engine's display; severity is debug, info, warning, error or status (shown while it
    lasts). A long wait should end early, by raising, once `cancelled` is set. `state` is what is recorded, in `read` only: for
    outputs that nothing in the world shows. `intent` finds what a creation that was cut short left behind.
    """

    urn: str
    stack: str
    preview: bool
    timeout_s: float
    config: Properties
    log: Callable[[str, str], None]
    cancelled: threading.Event = field(default_factory=threading.Event)
    state: Properties = field(default_factory=dict)
    intent: Intent = field(default_factory=Intent)


class PartialFailureError(FlotillaError):
    """
    The resource exists but did not become what was asked (a service that never got healthy, a server whose action failed).

    The engine keeps it in its state under this id and tries an update the next time. Raise it from `create` or `update`.
    """

    def __init__(self, id: str, state: Properties, reason: str) -> None:
        super().__init__(reason)
        self.id = id
        self.state = state


class Resource(ABC):
    """
    One resource type. Stateless; one instance for each configured provider.
    """

    token: ClassVar[str]
    """Such as `hcloud:index/server:Server`."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Input properties whose change needs a new resource, as with the real provider."""
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    delete_before_replace: ClassVar[bool] = False
    defaults: ClassVar[Properties] = {}
    """Added by Check to inputs that leave them out."""
    auto_named: ClassVar[str | None] = None
    """The input, usually `name`, that Check makes up (`<logical name>-<7 hex>`) where it is left out, as real providers do."""
    computed: ClassVar[frozenset[str]] = frozenset()
    """Optional inputs that the API fills in: leaving one out after it was set is no change."""
    unstable_outputs: ClassVar[frozenset[str]] = frozenset()
    """Outputs that an update may change, so a preview of an update shows them as unknown."""
    unsupported: ClassVar[frozenset[str]] = frozenset()
    """Inputs of the real provider that this stand-in refuses, because accepting them without acting would be a lie."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def check(self, inputs: Properties) -> list[Failure]:
        """
        Validation beyond the schema: names, sizes, what excludes what. A value may be UNKNOWN here, at any depth.
        """
        return []

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Whether two values of a top-level input mean the same (None for absent; never called with an UNKNOWN inside).
        """
        return bool(old == new)

    def must_replace(self, key: str, old: Any, new: Any) -> bool:
        """
        Whether this change of a top-level input needs a new resource.
        """
        return key in self.replaces

    @abstractmethod
    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Make it; returns its id and full state (inputs and outputs).
        """

    @abstractmethod
    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        The inputs and the state as they are in the world now, or None where it is gone. `inputs` is {} on an import.
        """

    def resource_id(self, import_id: str) -> str:
        """
        The resource's own id, where an import names more than that (`<zone>/<record>`).
        """
        return import_id

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Change it in place; returns the full new state. A type of which every change needs a new resource leaves this as it is.
        """
        raise FlotillaError(
            f"{id}: a {self.token} cannot be changed in place. It was left as it is. "
            f"Run `pulumi up --target-replace '{context.urn}'` to make it anew."
        )

    @abstractmethod
    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Remove it; one that is gone already is no error.
        """


class Function(ABC):
    """
    One data source.
    """

    token: ClassVar[str]

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    @abstractmethod
    def invoke(self, arguments: Properties) -> Properties:
        """
        Look it up; raises FlotillaError where it is not found.
        """


class Provider(ABC):
    """
    A configured plugin: holds the API client. `self.config` is set before `configure` is called.
    """

    name: ClassVar[str]
    resources: ClassVar[list[type[Resource]]] = []
    functions: ClassVar[list[type[Function]]] = []
    config: Properties

    @abstractmethod
    def check_endpoint(self) -> None:
        """
        Raise RefusedError unless everything the config and the environment point at is this machine (see `loopback.py`).
        """

    @abstractmethod
    def configure(self, config: Properties) -> None:
        """
        Take the configuration, with the environment as fallback. Raises FlotillaError when something needed is missing.
        """

    def explain(self, error: Exception) -> str | None:
        """
        The one line to show for an error of the API client, or None where this provider does not know the error.
        """
        return None

    def close(self) -> None:  # noqa: B027 - not every provider holds some
        """
        Release connections.
        """


def paths_of(value: Any, wanted: Callable[[Any], bool], path: str = "") -> Iterator[str]:
    """
    The paths, such as `rules[0].port`, at which `wanted` holds inside a nested value.
    """
    if wanted(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from paths_of(item, wanted, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_of(item, wanted, f"{path}[{index}]")


def has_unknown(value: Any) -> bool:
    """
    Whether anything inside is not known yet.
    """
    return next(paths_of(value, lambda item: item is UNKNOWN), None) is not None
