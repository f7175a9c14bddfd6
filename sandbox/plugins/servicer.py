"""
The engine's side of a stand-in plugin: the gRPC `ResourceProvider` service over one `Provider`.
"""

# ruff: noqa: N802 -- the names and signatures are those of the gRPC service

from __future__ import annotations

import threading
from typing import Any

from ops.errors import RefusedError
from sandbox.plugins import schema as schemas
from sandbox.plugins.checking import check_inputs
from sandbox.plugins.difference import compare
from sandbox.plugins.intents import Intents
from sandbox.plugins.provider import DEFAULT_TIMEOUT_S, UNKNOWN, Context, Properties, Provider, Resource
from sandbox.plugins.registry import provider_class
from sandbox.plugins.reporting import EngineLog, answered
from sandbox.plugins.responses import diff_response, failures_of, kept_defaults
from sandbox.plugins.values import decode, encode
from sandbox.plugins.wire import empty_pb2, plugin_pb2, provider_pb2, provider_pb2_grpc
from settings.stacks import SANDBOX, is_sandbox


class Servicer(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]  # generated without types
    """
    One plugin process as the engine sees it. The provider's module is imported when the first call needs it.
    """

    def __init__(self, name: str, engine_address: str = "") -> None:
        self.name = name
        self.schema = schemas.load(name)
        self.log = EngineLog(engine_address)
        self.cancelled = threading.Event()
        self.intents = Intents.of_environment()
        self.config: Properties = {}
        self._lock = threading.Lock()
        self._provider: Provider | None = None
        self._resources: dict[str, Resource] = {}

    # The plugin itself

    def Handshake(self, request: Any, call: Any) -> Any:
        self.log.address = request.engine_address or self.log.address
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, call: Any) -> Any:
        self.log.address = request.address
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, call: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.schema.version)

    @answered
    def GetSchema(self, request: Any, call: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=self.schema.package())

    def Cancel(self, request: Any, call: Any) -> Any:
        self.cancelled.set()
        return empty_pb2.Empty()

    def close(self) -> None:
        """
        End what is still waiting, and release connections.
        """
        self.cancelled.set()
        if self._provider is not None:
            self._provider.close()

    # Its configuration

    @answered
    def CheckConfig(self, request: Any, call: Any) -> Any:
        given = decode(request.news)
        _, failures = self.schema.config(given.values)
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures_of(failures))

    @answered
    def DiffConfig(self, request: Any, call: Any) -> Any:
        old, new = decode(request.old_inputs).values, decode(request.news).values
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=changed)

    @answered
    def Configure(self, request: Any, call: Any) -> Any:
        self.config, _ = self.schema.config(decode(request.args).values)
        provider = self.provider
        provider.config = self.config
        provider.check_endpoint()
        provider.configure(self.config)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    # Resources

    @answered
    def Check(self, request: Any, call: Any) -> Any:
        resource = self.resource(request.urn)
        old, new = decode(request.olds), decode(request.news)
        checked, failures = check_inputs(resource, self.schema, request, old, new)
        return provider_pb2.CheckResponse(inputs=encode(checked, new.secrets), failures=failures_of(failures))

    @answered
    def Diff(self, request: Any, call: Any) -> Any:
        resource = self.resource(request.urn)
        self.intents.finish(request.urn)
        old, new = decode(request.old_inputs), decode(request.news)
        found = compare(resource, old.values, decode(request.olds).values, new.values)
        return diff_response(resource, found, old.values, new.values, new.internal)

    @answered
    def Create(self, request: Any, call: Any) -> Any:
        resource = self.resource(request.urn)
        given = decode(request.properties)
        hidden = given.secrets | resource.secret_outputs
        if request.preview:
            expected = dict.fromkeys(self.schema.outputs(resource.token, resource.computed), UNKNOWN) | given.values
            return provider_pb2.CreateResponse(properties=encode(expected, hidden))
        context = self.changing(request, f"{given.values.get('name') or request.urn}")
        id_, state = resource.create(context, given.values)
        return provider_pb2.CreateResponse(id=id_, properties=encode(state, hidden))

    @answered
    def Read(self, request: Any, call: Any) -> Any:
        resource = self.resource(request.urn)
        inputs, state = decode(request.inputs), decode(request.properties)
        self.intents.finish(request.urn)
        found = resource.read(self.surroundings(request, state=state.values), request.id, inputs.values)
        if found is None:
            return provider_pb2.ReadResponse()
        hidden = inputs.secrets | state.secrets | resource.secret_outputs
        id_ = resource.resource_id(request.id)
        new_inputs = {**found[0], **kept_defaults(inputs.internal, found[0])}
        return provider_pb2.ReadResponse(id=id_, inputs=encode(new_inputs, hidden), properties=encode(found[1], hidden))

    @answered
    def Update(self, request: Any, call: Any) -> Any:
        resource = self.resource(request.urn)
        old, new = decode(request.olds), decode(request.news)
        hidden = new.secrets | resource.secret_outputs
        if request.preview:
            dropped = decode(request.old_inputs).values.keys() - new.values.keys() - resource.computed
            kept = {key: value for key, value in old.values.items() if key not in dropped}
            expected = {**kept, **new.values, **dict.fromkeys(resource.unstable_outputs, UNKNOWN)}
            return provider_pb2.UpdateResponse(properties=encode(expected, hidden))
        context = self.changing(request, request.id)
        return provider_pb2.UpdateResponse(
            properties=encode(resource.update(context, request.id, old.values, new.values), hidden)
        )

    @answered
    def Delete(self, request: Any, call: Any) -> Any:
        resource = self.resource(request.urn)
        resource.delete(self.changing(request, request.id), request.id, decode(request.properties).values)
        return empty_pb2.Empty()

    # Functions

    @answered
    def Invoke(self, request: Any, call: Any) -> Any:
        if not self.schema.has("functions", request.tok):
            raise _unserved(request.tok)
        given = decode(request.args)
        arguments, failures = self.schema.check("functions", request.tok, given.values)
        if failures:
            return provider_pb2.InvokeResponse(failures=failures_of(failures))
        kind = next(kind for kind in self.provider.functions if kind.token == request.tok)
        result = kind(self.provider).invoke(arguments)
        return provider_pb2.InvokeResponse(**{"return": encode(result)})

    # What the calls share

    @property
    def provider(self) -> Provider:
        """
        The provider, made on first use.
        """
        with self._lock:
            if self._provider is None:
                self._provider = provider_class(self.name)()
                self._provider.config = self.config
                self._resources = {kind.token: kind(self._provider) for kind in self._provider.resources}
            return self._provider

    def resource(self, urn: str) -> Resource:
        """
        The implementation of the type in a URN.
        """
        token = urn.split("::")[2].rpartition("$")[2]
        _ = self.provider
        if token not in self._resources:
            raise _unserved(token)
        return self._resources[token]

    def surroundings(self, request: Any, *, state: Properties) -> Context:
        """
        The context of one operation.
        """
        return Context(
            urn=request.urn,
            stack=_stack(request.urn),
            preview=False,
            timeout_s=request.timeout or DEFAULT_TIMEOUT_S,
            config=self.config,
            log=lambda severity, text: self.log.write(severity, text, request.urn),
            cancelled=self.cancelled,
            state=state,
            intent=self.intents.of(request.urn),
        )

    def changing(self, request: Any, what: str) -> Context:
        """
        The context of an operation that changes something: only a sandbox stack may.
        """
        stack = _stack(request.urn)
        if not is_sandbox(stack):
            raise RefusedError(
                f"{what}: stack {stack} is not a sandbox stack ({SANDBOX} or {SANDBOX}-*), and this is the"
                f" sandbox's stand-in for {self.name}. Nothing was changed. Install the official plugin: pulumi plugin"
                f" install resource {self.name} {self.schema.version}."
            )
        return self.surroundings(request, state={})


def _stack(urn: str) -> str:
    return urn.split("::")[0].removeprefix("urn:pulumi:")


def _unserved(token: str) -> RefusedError:
    return RefusedError(
        f"{token}: the sandbox's stand-in plugin does not serve this type. Nothing was changed. Leave it out on sandbox"
        " stacks, or add it to sandbox/plugins."
    )
