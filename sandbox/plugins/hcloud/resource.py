"""
What the Hetzner Cloud resource types have in common.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from sandbox.plugins import schema as schemas
from sandbox.plugins.hcloud.labels import check_labels
from sandbox.plugins.provider import UNKNOWN, Context, Failure, PartialFailureError, Properties, Resource

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Api, Json
    from sandbox.plugins.hcloud.provider import HcloudProvider


class HcloudResource(Resource):
    """
    Reaches the API, and reads inputs off the state for refresh and import.
    """

    @property
    def api(self) -> Api:
        """
        The client of this provider.
        """
        return cast("HcloudProvider", self.provider).api

    def check(self, inputs: Properties) -> list[Failure]:
        """
        Labels in Hetzner's form.
        """
        labels = inputs.get("labels")
        return check_labels(labels) if isinstance(labels, dict) else []

    def inputs_of(self, state: Properties, inputs: Properties) -> Properties:
        """
        The inputs as the world has them: those given before, or on an import (none given) all that say something.
        """
        if inputs:
            seen = {key: state.get(key, value) for key, value in inputs.items()}
            return {key: inputs[key] if self.is_same(key, inputs[key], value) else value for key, value in seen.items()}
        known = [key for key in schemas.load(self.provider.name).inputs(self.token) if key not in self.unsupported]
        return {key: state[key] for key in known if state.get(key) not in (None, "", {}, [], self.defaults.get(key, UNKNOWN))}


class NamedResource(HcloudResource):
    """
    A resource with a numeric id of its own and a collection such as `/servers`.
    """

    collection: ClassVar[str]
    document: ClassVar[str]
    auto_named: ClassVar[str | None] = "name"
    has_actions: ClassVar[bool] = True

    @abstractmethod
    def body(self, inputs: Properties) -> Json:
        """
        The request that creates it.
        """

    @abstractmethod
    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        What the engine records of a document; `inputs` for what the API does not tell.
        """

    def finish(self, context: Context, id: str, inputs: Properties) -> None:
        """
        What follows once it exists, such as protection.
        """

    @abstractmethod
    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        Make an existing one what the inputs say; `old` is the recorded state.
        """

    def path(self, id: str | int) -> str:
        """
        The path of one.
        """
        return f"/{self.collection}/{id}"

    def find(self, id: str) -> Json | None:
        """
        The document, or None where it is gone or the id is none.
        """
        return self.api.find(self.path(id), self.document) if id.isdecimal() else None

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Create it, or take up a creation that was cut short.
        """
        left = self._left_over(context, inputs["name"])
        if left is not None:
            return self._take_up(context, left, inputs)
        context.intent.record(inputs["name"])
        try:
            reply = self.api.patiently(context, lambda: self.api.request("POST", f"/{self.collection}", **self.body(inputs)))
        except Exception as error:
            if getattr(error, "code", "") not in ("unreachable", "timeout"):
                context.intent.forget()
            raise
        id = str(reply[self.document]["id"])
        context.intent.record(inputs["name"], id)
        with self._kept(id, reply[self.document], inputs):
            self.api.settle(context, reply)
            self.finish(context, id, inputs)
        return id, self._fresh(id, inputs, reply[self.document])

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        found = self.find(id)
        if found is None:
            return None
        state = self.state(found, inputs or context.state)
        return self.inputs_of(state, inputs), state

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Change what differs.
        """
        found = self.find(id)
        if found is None:
            raise gone(self.path(id))
        self.change(context, found, old_state, new_inputs)
        return self._fresh(id, new_inputs, found)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Delete it and wait until it is gone.
        """
        if self.find(id) is not None:
            self.remove(context, id, state)
        context.intent.forget()

    def remove(self, context: Context, id: str, state: Properties) -> None:
        """
        Delete one that exists.
        """
        reply = self.api.patiently(context, lambda: self.api.request("DELETE", self.path(id)), "resource_in_use")
        self.api.settle(context, reply)

    def put(self, id: str | int, old: Properties, inputs: Properties, *keys: str) -> None:
        """
        Send the plain attributes among `keys` that changed: name, labels and the like.
        """
        changed = {snake(key): inputs.get(key, {} if key == "labels" else None) for key in keys if differs(key, old, inputs)}
        if changed:
            self.api.request("PUT", self.path(id), **changed)

    def protect(self, context: Context, id: str | int, **flags: bool) -> None:
        """
        Change the protection.
        """
        self.api.act(context, f"{self.path(id)}/actions/change_protection", **flags)

    def _take_up(self, context: Context, left: Json, inputs: Properties) -> tuple[str, Properties]:
        """
        Wait for what is still under way, then change what differs from the inputs.
        """
        id = str(left["id"])
        context.log("warning", f"{inputs['name']}: taking up the creation that was cut short (id {id}).")
        with self._kept(id, left, inputs):
            if self.has_actions:
                running = list(self.api.pages(f"{self.path(id)}/actions", "actions", status="running"))
                self.api.settle(context, {"actions": running})
            state = self.update(context, id, self.state(left, inputs), inputs)
        return id, state

    def _fresh(self, id: str, inputs: Properties, fallback: Json) -> Properties:
        return self.state(self.find(id) or fallback, inputs)

    def _left_over(self, context: Context, name: str) -> Json | None:
        left = context.intent.unfinished(name)
        if left is None:
            return None
        found = self.find(left) if left else next(self.api.pages(f"/{self.collection}", self.collection, name=name), None)
        return found if found and found["name"] == name else None

    def _kept(self, id: str, document: Json, inputs: Properties) -> _Kept:
        return _Kept(id, self.state(document, inputs))


class _Kept:
    """
    Turns an error after the creation into a partial failure, so that the engine keeps the id.
    """

    def __init__(self, id: str, state: Properties) -> None:
        self._id = id
        self._state = state

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            raise PartialFailureError(self._id, self._state, str(error)) from error


def gone(path: str) -> Exception:
    """
    The error for changing what is not there any more.
    """
    from sandbox.plugins.hcloud.api import ApiError

    return ApiError("not_found", f"{path}: it does not exist any more. Nothing was changed. See what is there: pulumi refresh.")


def differs(key: str, old: Properties, new: Properties) -> bool:
    """
    Whether a property says something else now; absent, empty and false are one.
    """
    return bool((old.get(key) or None) != (new.get(key) or None))


def snake(key: str) -> str:
    """
    `deleteProtection` as the API writes it.
    """
    return re.sub(r"(?=[A-Z])", "_", key).lower()


def without_none(fields: Properties) -> Properties:
    """
    The fields that have a value.
    """
    return {key: value for key, value in fields.items() if value is not None}


def one_of(inputs: Properties, keys: Iterable[str]) -> list[Failure]:
    """
    A failure unless exactly one of the keys is given.
    """
    names = list(keys)
    given = [key for key in names if inputs.get(key) is not None]
    if len(given) == 1:
        return []
    fact = f"exactly one of {', '.join(names)} is needed, and {' and '.join(given) or 'none'} was given"
    return [Failure(property=names[0], reason=f"{names[0]}: {fact}. Nothing was changed. Change it.")]
