"""
`docker:index/service:Service`: a swarm service that counts as made once its tasks run and are healthy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from ops.errors import FlotillaError
from sandbox.plugins.docker.checks import check_service
from sandbox.plugins.docker.converge import Limits, Verdict, has_ended, judge_tasks, judge_update, wait
from sandbox.plugins.docker.durations import NS_PER_S
from sandbox.plugins.docker.evidence import collect_evidence
from sandbox.plugins.docker.service_spec import drifted, normal_form, service_properties, service_spec
from sandbox.plugins.docker.types import Client, DockerResource, api_error, found_or_none, is_left_behind, owned, wait_until
from sandbox.plugins.provider import UNKNOWN, Context, Failure, PartialFailureError, Properties

# Docker's own grace period, and what it may take on top to clear away containers and their network.
GRACE_S: Final = 10.0
CLEARING_S: Final = 30.0
# Parts of a task that the real plugin cannot change in place.
FIXED_TASK_PARTS: Final = ("networksAdvanceds",)
FIXED_CONTAINER_PARTS: Final = ("hosts", "sysctl")


class Service(DockerResource):
    """
    A service. Where `convergeConfig` is given, a service that does not come up is removed again and the error shows why.
    """

    token = "docker:index/service:Service"
    replaces = frozenset({"name", "auth"})
    computed: ClassVar[frozenset[str]] = frozenset({"labels", "mode", "endpointSpec"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        Durations, closed sets of values, and what excludes what.
        """
        return check_service(inputs)

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        `60s` is `1m`, a set has no order, and what is left out has its default.
        """
        if old is None or new is None or key in ("auth", "convergeConfig"):
            return bool(old == new)
        return normal_form({key: old}) == normal_form({key: new})

    def must_replace(self, key: str, old: Any, new: Any) -> bool:
        """
        The name and the login; global instead of replicated; networks, host names and sysctls of the tasks.
        """
        if new is UNKNOWN:  # asked so for what would happen if something else were replaced
            return key in self.replaces
        if key == "mode":
            return bool((old or {}).get("global", False) != (new or {}).get("global", False))
        if key == "taskSpec" and old and new:
            return _fixed_parts(old) != _fixed_parts(new)
        return key in self.replaces

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Make the service and wait for it.
        """
        api, spec = self._client(inputs), service_spec(inputs)
        spec["Labels"] = owned(spec.get("Labels"), context)
        service_id = self._make(api, spec, context)
        problem = self._wait(api, service_id, inputs, judge_tasks, context)
        if problem:
            evidence = collect_evidence(api, service_id)
            self._clear_away(api, service_id, inputs, context, problem)
            raise FlotillaError(
                f"service {inputs['name']}: {problem}. It was removed again, what ran before still runs. Correct the image or"
                f" its settings and try again.\n{evidence}"
            )
        return service_id, self._state(api, service_id, inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        The service as the swarm has it.
        """
        found = found_or_none(lambda: self.api.inspect_service(id))
        if found is None:
            return None
        ids = {network["Name"]: network["Id"] for network in self.api.networks()}
        actual = service_properties(found["Spec"], ids)
        wanted = service_properties(service_spec(inputs), ids) if inputs else {}
        new_inputs = drifted(inputs, wanted, actual)
        return new_inputs, {**actual, **new_inputs}

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Change the service in place, task by task as its `updateConfig` says, and wait.
        """
        api, spec = self._client(new_inputs), service_spec(new_inputs)
        before = api.inspect_service(id)
        past = {task["ID"] for task in api.tasks(filters={"service": id}) if has_ended(task)}
        spec["Labels"] = owned(spec.get("Labels"), context)
        api.update_service(id, before["Version"]["Index"], **_arguments(spec))
        earlier = (before.get("UpdateStatus") or {}).get("StartedAt", "")
        problem = self._wait(api, id, new_inputs, functools.partial(judge_update, earlier=earlier, past=past), context)
        if problem:
            raise PartialFailureError(
                id,
                self._state(api, id, new_inputs),
                f"service {new_inputs['name']}: {problem}. The next update tries again. Correct the image or its settings."
                f"\n{collect_evidence(api, id)}",
            )
        return self._state(api, id, new_inputs)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Remove the service and wait until its containers are gone, so that what they used can go next.
        """
        self._remove(self.api, id, state, context)

    def _client(self, inputs: Properties) -> Client:
        return self.docker_host.api(inputs.get("auth"))

    def _make(self, api: Client, spec: dict[str, Any], context: Context) -> str:
        """
        Create it; one that an interrupted create of this same resource left behind makes room.
        """
        try:
            return str(api.create_service(**_arguments(spec))["ID"])
        except api_error() as error:
            existing = found_or_none(lambda: api.inspect_service(spec["Name"]))
            if error.status_code != 409 or existing is None or not is_left_behind(existing["Spec"].get("Labels"), context):
                raise
            context.log("info", f"service {spec['Name']}: an interrupted create left it behind; it is made anew")
            self._remove(api, existing["ID"], {}, context)
            return str(api.create_service(**_arguments(spec))["ID"])

    def _wait(
        self,
        api: Client,
        service_id: str,
        inputs: Properties,
        judge: Callable[[Any, Any], Verdict],
        context: Context,
    ) -> str:
        """
        Why it does not run as asked; nothing where it does, or where the inputs ask for no wait.
        """
        converge = inputs.get("convergeConfig")
        if converge is None:
            return ""
        tests = inputs["taskSpec"]["containerSpec"].get("healthcheck", {}).get("tests", [])
        limits = Limits.of(converge, has_healthcheck=bool(tests) and tests[0] != "NONE")
        return wait(api, service_id, judge, limits, context)

    def _clear_away(self, api: Client, service_id: str, inputs: Properties, context: Context, problem: str) -> None:
        """
        Remove a service that never came up; where that fails too, the engine has to know of it.
        """
        try:
            self._remove(api, service_id, inputs, context)
        except Exception as error:
            reason = self.docker_host.explain(error) or str(error)
            raise PartialFailureError(
                service_id, dict(inputs), f"service {inputs['name']}: {problem}, and it could not be removed: {reason}"
            ) from error

    def _remove(self, api: Client, service_id: str, state: Properties, context: Context) -> None:
        tasks = found_or_none(lambda: api.tasks(filters={"service": service_id})) or []
        spec = found_or_none(lambda: api.inspect_service(service_id))
        found_or_none(lambda: api.remove_service(service_id))
        ids = [task["ID"] for task in tasks]
        label = f"com.docker.swarm.service.id={spec['ID'] if spec else service_id}"

        def is_gone() -> bool:
            here = api.containers(all=True, filters={"label": label})
            return not here and not (ids and api.tasks(filters={"id": ids}))

        if not wait_until(is_gone, _grace_s(spec) + CLEARING_S, context):
            context.log("warning", f"service {state.get('name', service_id)}: removed, but its containers are still there")

    def _state(self, api: Client, service_id: str, inputs: Properties) -> Properties:
        return {**service_properties(api.inspect_service(service_id)["Spec"]), **inputs}


def _arguments(spec: Mapping[str, Any]) -> dict[str, Any]:
    """
    A spec as the client takes it.
    """
    names = {
        "TaskTemplate": "task_template",
        "Name": "name",
        "Labels": "labels",
        "Mode": "mode",
        "UpdateConfig": "update_config",
        "RollbackConfig": "rollback_config",
        "EndpointSpec": "endpoint_spec",
    }
    return {names[key]: value for key, value in spec.items()}


def _grace_s(service: Mapping[str, Any] | None) -> float:
    """
    How long its containers may take to stop.
    """
    container = service["Spec"]["TaskTemplate"]["ContainerSpec"] if service else {}
    return float(container["StopGracePeriod"] / NS_PER_S) if container.get("StopGracePeriod") else GRACE_S


def _fixed_parts(task: Mapping[str, Any]) -> dict[str, Any]:
    normal = normal_form({"taskSpec": task}).get("taskSpec", {})
    container = normal.get("containerSpec", {})
    parts = {key: normal.get(key) for key in FIXED_TASK_PARTS}
    return parts | {key: container.get(key) for key in FIXED_CONTAINER_PARTS}
