"""
The services of load balancers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.hcloud.resource import HcloudResource, gone, snake
from sandbox.plugins.provider import Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

PORTS: Final = {"http": 80, "https": 443}
PROTOCOLS: Final = ("http", "https", "tcp")
IDLE_S: Final = (30, 300)
PLAIN: Final = ("destinationPort", "proxyprotocol")
CHECK: Final = ("protocol", "port", "interval", "timeout", "retries")
HTTP_CHECK: Final = ("domain", "path", "response", "tls", "statusCodes")
HTTP: Final = ("stickySessions", "cookieName", "cookieLifetime", "certificates", "redirectHttp", "timeoutIdle")


class LoadBalancerService(HcloudResource):
    """
    One port of a load balancer; its id is `<load balancer>__<port>`.
    """

    token = "hcloud:index/loadBalancerService:LoadBalancerService"
    replaces = frozenset({"loadBalancerId", "protocol", "listenPort"})
    computed = frozenset({"listenPort", "destinationPort", "proxyprotocol", "http", "healthCheck"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        What the real provider refuses before it asks the API.
        """
        failures = []
        protocol, http = inputs["protocol"], inputs.get("http")
        if isinstance(protocol, str) and protocol not in PROTOCOLS:
            failures.append(_failure("protocol", f"{protocol} is not one of {', '.join(PROTOCOLS)}"))
        idle = http.get("timeoutIdle") if isinstance(http, dict) else None
        if isinstance(idle, int | float) and not IDLE_S[0] <= idle <= IDLE_S[1]:
            failures.append(_failure("http.timeoutIdle", f"{idle} is not between {IDLE_S[0]} and {IDLE_S[1]} seconds"))
        if protocol == "tcp":
            missing = [key for key in ("listenPort", "destinationPort") if inputs.get(key) is None]
            failures += [_failure(key, "is required for protocol tcp") for key in missing]
        return failures

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        What a check or the HTTP settings leave out stays as the API filled it in.
        """
        if key in ("healthCheck", "http"):
            return _says_no_more(old, new)
        return super().is_same(key, old, new)

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Add it; one that was added by a creation cut short is brought up to date.
        """
        port = inputs.get("listenPort") or PORTS[inputs["protocol"]]
        id = f"{inputs['loadBalancerId']}__{port}"
        if context.intent.unfinished(id) is not None and self._find(id) is not None:
            return id, self.update(context, id, {}, inputs)
        context.intent.record(id)
        path = f"/load_balancers/{inputs['loadBalancerId']}/actions/add_service"
        body = {"protocol": inputs["protocol"], "listen_port": port, **_body(inputs)}
        self.api.settle(context, self.api.patiently(context, lambda: self.api.request("POST", path, **body), "service_error"))
        return id, self._required_state(id)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        found = self._find(id)
        if found is None:
            return None
        state = _state(id, found)
        return self.inputs_of(state, inputs), state

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Change it in place.
        """
        balancer, _, port = id.partition("__")
        body = {"listen_port": int(port), "protocol": new_inputs["protocol"], **_body(new_inputs)}
        self.api.act(context, f"/load_balancers/{balancer}/actions/update_service", **body)
        return self._required_state(id)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Take it away.
        """
        if self._find(id) is not None:
            balancer, _, port = id.partition("__")
            self.api.act(context, f"/load_balancers/{balancer}/actions/delete_service", listen_port=int(port))
        context.intent.forget()

    def _find(self, id: str) -> Json | None:
        balancer, _, port = id.partition("__")
        found = self.api.find(f"/load_balancers/{balancer}", "load_balancer") if balancer.isdecimal() else None
        services: list[Json] = (found or {}).get("services") or []
        return next((service for service in services if str(service["listen_port"]) == port), None)

    def _required_state(self, id: str) -> Properties:
        found = self._find(id)
        if found is None:
            raise gone(f"/load_balancers/{id.partition('__')[0]} service {id.partition('__')[2]}")
        return _state(id, found)


def _body(inputs: Properties) -> Json:
    """
    What can change, as far as it was given.
    """
    body: Json = {snake(key): inputs[key] for key in PLAIN if key in inputs}
    if inputs.get("http"):
        body["http"] = _snakes(inputs["http"], HTTP)
    check = inputs.get("healthCheck")
    if check:
        body["health_check"] = _snakes(check, CHECK)
        if check.get("http"):
            body["health_check"]["http"] = _snakes(check["http"], HTTP_CHECK)
    return body


def _state(id: str, found: Json) -> Properties:
    check = _camels(found["health_check"], CHECK)
    if found["health_check"].get("http"):
        check["http"] = _camels(found["health_check"]["http"], HTTP_CHECK)
    return {
        "loadBalancerId": id.partition("__")[0],
        "protocol": found["protocol"],
        "listenPort": found["listen_port"],
        "destinationPort": found["destination_port"],
        "proxyprotocol": found["proxyprotocol"],
        "http": _camels(found["http"], HTTP) if found.get("http") else None,
        "healthCheck": check,
    }


def _snakes(given: Properties, keys: tuple[str, ...]) -> Json:
    return {snake(key): given[key] for key in keys if given.get(key) is not None}


def _camels(found: Json, keys: tuple[str, ...]) -> Properties:
    return {key: found[snake(key)] for key in keys if found.get(snake(key)) is not None}


def _says_no_more(old: Any, new: Any) -> bool:
    """
    Whether everything in the new value is in the old one, too.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return all(_says_no_more(old.get(key), value) for key, value in new.items())
    return bool((old or None) == (new or None))


def _failure(path: str, fact: str) -> Failure:
    return Failure(property=path, reason=f"{path}: {fact}. Nothing was changed. Correct it.")
