"""
Secrets where anyone who may look at a container or at the stack's state finds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Rule,
    Secret,
    Stack,
    StackRule,
    each,
    get,
    text,
)
from policies.framework.kinds import DOCKER_SECRET, STACK

from .container import BOTH, container, environment, path, service
from .references import cis_docker, cwe
from .secret_text import argument_of, format_of, variable_of

# Made up, in the formats that providers document.
GITHUB_TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
RANDOM_VALUE = "kJ8vQ2xLw9RtZ4mNb7YcD3fGhS6p"
ENTROPY = Option(4.2, "Bits of entropy a character from which on a value of 24 characters or more looks random.")


def _in_environment(resource: Resource, options: Options) -> Iterator[str]:
    for name, value in environment(resource):
        looks = variable_of(name, value, bits=float(options["entropy_bits"]))
        if looks:
            yield f"its variable {name} looks like {looks}, which `docker inspect` and every child process show"


ENVIRONMENT = Rule(
    id="container-secret-in-environment",
    description="Containers get secrets as files, not as environment variables.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Name it in `secrets` of projects/<name>.yaml; the program then reads the file that <NAME>_FILE points to.",
    references=(
        cwe(526, "cleartext storage of sensitive information in an environment variable"),
        cis_docker("7.4", "Ensure that Docker's secret management commands are used for managing secrets in a swarm cluster"),
    ),
    options={"entropy_bits": ENTROPY},
    check=_in_environment,
    fixtures=Fixtures(
        passes=[
            service(
                env={"DATABASE_PASSWORD_FILE": "/run/secrets/DATABASE_PASSWORD", "TITLE": "Guestbook", "TOKEN_TTL_S": "3600"}
            ),
            service(env={"GIT_COMMIT": RANDOM_VALUE, "DATABASE_URL": "postgres://shop@10.0.1.2:5432/shop", "PASSWORD": ""}),
            service(env={"PUBLIC_URL": "https://shop.example.com/a-rather-long-path/with-many-words-in-it"}),
            container(envs=["LANG=C.UTF-8", "API_KEY=/run/secrets/api"]),
        ],
        fails=[
            service(env={"DATABASE_PASSWORD": "correct horse"}),
            service(env={"ANY": UNKNOWN, "HOOK": GITHUB_TOKEN}),
            service(env={"ANY": Secret("plain looking")}),
            service(env={"SALT": RANDOM_VALUE}),
            container(envs=["DATABASE_URL=postgres://shop:hunter22@10.0.1.2/shop"]),
        ],
        unknown=[service(env={"DATABASE_PASSWORD": UNKNOWN}), service(env=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=False,
    ),
)


def _words(resource: Resource) -> Iterator[tuple[str, str]]:
    for what in ("command", "arguments"):
        for word in each(resource.props, path(resource, what)):
            yield "command line", word
    for label in each(resource.props, path(resource, "labels")):
        yield f"label {text(label, 'label')}", text(label, "value")


def _in_words(resource: Resource, options: Options) -> Iterator[str]:
    for where, word in _words(resource):
        if isinstance(word, Secret):
            yield f"its {where} has a secret of Pulumi's configuration in it"
        elif isinstance(word, str) and (looks := argument_of(word)):
            yield f"its {where} has {looks} in it"


IN_WORDS = Rule(
    id="container-secret-in-command-or-label",
    description="Neither a container's command nor its labels hold a secret.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Name it in `secrets` of projects/<name>.yaml, and let the program read the file.",
    references=(cwe(214, "invocation of process using visible sensitive information"),),
    check=_in_words,
    fixtures=Fixtures(
        passes=[
            service(args=["run", "--config", "/etc/app.conf"], labels=[{"label": "flotilla.project", "value": "shop"}]),
            container(command=["serve", "--token=$TOKEN"]),
        ],
        fails=[
            service(args=["--github", GITHUB_TOKEN]),
            service(commands=["sh", "-c", UNKNOWN, "app --password=hunter22"]),
            container(labels=[{"label": "auth", "value": Secret("hunter22")}]),
        ],
        unknown=[service(args=[UNKNOWN], labels=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=False,
    ),
)


def swarm_secret(data: Any) -> Resource:
    """
    An example of a swarm secret.
    """
    return Resource(type=DOCKER_SECRET, name="shop-token", props={"name": "shop-token", "data": data})


def _plain_data(resource: Resource, options: Options) -> Iterator[str]:
    data = get(resource.props, "data")
    if isinstance(data, str) and not isinstance(data, Secret):
        yield "its value is no secret to Pulumi: it stands in the state and in previews as it is"


SWARM_SECRET = Rule(
    id="swarm-secret-in-plain-text",
    description="What the swarm keeps secret is secret in the stack's state too.",
    level=Level.MANDATORY,
    types=(DOCKER_SECRET,),
    remediation="Wrap the value with `Output.secret`, and keep it in the stack's configuration: `flotilla secrets set`.",
    references=(cwe(312, "cleartext storage of sensitive information"),),
    check=_plain_data,
    fixtures=Fixtures(
        passes=[swarm_secret(Secret("aHVudGVyMjI="))],
        fails=[swarm_secret("aHVudGVyMjI=")],
        unknown=[swarm_secret(UNKNOWN)],
        absent=[Resource(type=DOCKER_SECRET, props={"name": "shop-token"})],
        absent_fails=False,
    ),
)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """
    Every text in the value, with the path to it.
    """
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _leaves(entry, f"{path}[{index}]")


def _outputs(stack: Stack, options: Options) -> Iterator[Finding]:
    for resource in stack.of(STACK):
        for where, value in _leaves(resource.outputs):
            name = where.rpartition(".")[2].replace("-", "_")
            secret = isinstance(value, Secret)
            looks = "a secret of Pulumi's" if secret else variable_of(name, value, bits=8) or format_of(value)
            if looks:
                yield Finding(resource=resource, message=f"the output {where} is {looks}")


def stack_with(**outputs: Any) -> list[Resource]:
    """
    An example of a stack that exports this.
    """
    return [Resource(type=STACK, name="flotilla-production", outputs=outputs)]


OUTPUTS = StackRule(
    id="secret-in-outputs",
    description="The outputs, which documents and other programs are made from, hold no secret.",
    level=Level.MANDATORY,
    types=(STACK,),
    remediation="Take it out of components/outputs.py; who needs it reads it from the stack's configuration.",
    references=(cwe(200, "exposure of sensitive information to an unauthorized actor"),),
    check=_outputs,
    fixtures=Fixtures(
        passes=[stack_with(version=1, servers={"app-1": {"ipv4": "203.0.113.7"}}, urls=["https://shop.example.com"])],
        fails=[
            stack_with(databases={"shop": {"password": "hunter22"}}),
            stack_with(join=Secret("abc"), servers=UNKNOWN),
            stack_with(notes=[GITHUB_TOKEN]),
        ],
        unknown=[stack_with(databases={"shop": {"password": UNKNOWN}})],
        absent=[stack_with(), []],
        absent_fails=False,
    ),
)

RULES = (ENVIRONMENT, IN_WORDS, SWARM_SECRET, OUTPUTS)
