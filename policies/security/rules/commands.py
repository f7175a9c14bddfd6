"""
Steps on machines, and the ways in which Pulumi reaches them: command lines, logins, Docker's connection, credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Options, Resource, Rule, Secret, each, get, lacks, text
from policies.framework.kinds import DOCKER_PROVIDER, LOCAL_COMMAND, REMOTE_COMMAND

from .references import cis_docker, cwe
from .secret_text import argument_of, format_of, variable_of
from .secrets import ENTROPY, GITHUB_TOKEN

COMMANDS = (REMOTE_COMMAND, LOCAL_COMMAND)
PROVIDERS = (DOCKER_PROVIDER, "pulumi:providers:hcloud", "pulumi:providers:cloudflare")
CREDENTIALS = ("token", "apiToken", "apiKey", "apiUserServiceKey", "keyMaterial")
VISIBLE = cwe(214, "invocation of process using visible sensitive information")


def step(**props: Any) -> Resource:
    """
    An example of a step.
    """
    connection = {"host": "203.0.113.7", "user": "root", "privateKey": Secret("key")}
    return Resource(type=REMOTE_COMMAND, name="app-1-ready", props={"connection": connection, "create": "true", **props})


def _in_text(resource: Resource, options: Options) -> Iterator[str]:
    for name in ("create", "update", "delete"):
        command = text(resource.props, name)
        if isinstance(command, Secret):
            yield f"the command line of `{name}` has a secret of Pulumi's configuration in it"
        elif looks := argument_of(command):
            yield f"the command line of `{name}` has {looks} in it"


IN_TEXT = Rule(
    id="command-secret-in-command-line",
    description="No command line holds a secret: everyone on the machine can read it.",
    level=Level.MANDATORY,
    types=COMMANDS,
    remediation="Send it on standard input (`stdin`), as components/remote.py does.",
    references=(VISIBLE,),
    check=_in_text,
    fixtures=Fixtures(
        passes=[step(create='psql --username "$NAME" < /dev/stdin', delete="rm -f /etc/flotilla/host.json")],
        fails=[
            step(create=f"login {GITHUB_TOKEN}"),
            step(create=UNKNOWN, delete="curl -u ops:hunter22 https://example.com"),
            step(create=Secret("true")),
        ],
        unknown=[step(create=UNKNOWN)],
        absent=[Resource(type=LOCAL_COMMAND, props={})],
        absent_fails=False,
    ),
)


def _in_environment(resource: Resource, options: Options) -> Iterator[str]:
    variables = get(resource.props, "environment")
    for name, value in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(value, str) and (looks := variable_of(name, value, bits=float(options["entropy_bits"]))):
            yield f"its variable {name} looks like {looks}"


IN_ENVIRONMENT = Rule(
    id="command-secret-in-environment",
    description="Steps get secrets on standard input, not in their environment.",
    level=Level.MANDATORY,
    types=COMMANDS,
    remediation="Send it on standard input (`stdin`), as components/remote.py does.",
    references=(cwe(526, "cleartext storage of sensitive information in an environment variable"),),
    options={"entropy_bits": ENTROPY},
    check=_in_environment,
    fixtures=Fixtures(
        passes=[step(environment={"LC_ALL": "C.UTF-8"}), step(environment={"KEY_FILE": "/etc/flotilla/key"})],
        fails=[step(environment={"RESTIC_PASSWORD": "hunter22"}), step(environment={"A": UNKNOWN, "B": Secret("x")})],
        unknown=[step(environment=UNKNOWN), step(environment={"RESTIC_PASSWORD": UNKNOWN})],
        absent=[step()],
        absent_fails=False,
    ),
)


def _plain_input(resource: Resource, options: Options) -> Iterator[str]:
    data = text(resource.props, "stdin")
    if not isinstance(data, Secret) and (looks := format_of(data)):
        yield f"its standard input has {looks} in it, which is no secret to Pulumi and shown in previews and the state"


PLAIN_INPUT = Rule(
    id="command-secret-input-in-plain-text",
    description="What is sent to a machine in secret is secret in the stack's state too.",
    level=Level.MANDATORY,
    types=COMMANDS,
    remediation="Wrap the value with `Output.secret` before it becomes part of the input.",
    references=(cwe(312, "cleartext storage of sensitive information"),),
    check=_plain_input,
    fixtures=Fixtures(
        passes=[step(stdin=Secret("KEY='-----BEGIN PRIVATE KEY-----'\n")), step(stdin="PRIVATE_IP='10.0.1.2'\n")],
        fails=[step(stdin="KEY='-----BEGIN PRIVATE KEY-----'\n"), step(stdin=f"TOKEN='{GITHUB_TOKEN}'\n")],
        unknown=[step(stdin=UNKNOWN)],
        absent=[step()],
        absent_fails=False,
    ),
)


def _password(resource: Resource, options: Options) -> Iterator[str]:
    for way in ("connection", "connection.proxy"):
        password = get(resource.props, f"{way}.password")
        is_given = password is UNKNOWN and get(resource.props, way) is not UNKNOWN
        if is_given or (isinstance(password, str) and password):
            yield f"it logs in with a password (`{way}.password`)"


def login(**connection: Any) -> Resource:
    """
    An example of a step with this connection.
    """
    return step(connection={"host": "203.0.113.7", **connection})


PASSWORD = Rule(
    id="command-password-login",
    description="Pulumi logs in with keys.",
    level=Level.MANDATORY,
    types=(REMOTE_COMMAND,),
    remediation="Give the connection a `private_key`, or leave it out and use the SSH agent's keys.",
    references=(cwe(308, "use of single-factor authentication"),),
    check=_password,
    fixtures=Fixtures(
        passes=[login(privateKey=Secret("key")), login(host=UNKNOWN)],
        fails=[login(password=Secret("hunter22")), login(host=UNKNOWN, proxy={"host": "10.0.0.1", "password": "hunter22"})],
        unknown=[step(connection=UNKNOWN)],
        absent=[step()],
        absent_fails=False,
    ),
)


def provider(kind: str = DOCKER_PROVIDER, **props: Any) -> Resource:
    """
    An example of a provider. What is not text is JSON here: the engine writes providers' inputs so.
    """
    return Resource(type=kind, name="production-docker", props=props)


def _over_tcp(resource: Resource, options: Options) -> Iterator[str]:
    host = text(resource.props, "host")
    has_certificate = not lacks(resource.props, "certMaterial") or not lacks(resource.props, "certPath")
    if re.match(r"(?:tcp|http)://", host) and not has_certificate:
        yield f"it talks to Docker over {host.partition(':')[0]}, with neither encryption nor login"


OVER_TCP = Rule(
    id="docker-over-plain-tcp",
    description="Docker is reached by SSH, or by TLS with certificates on both sides.",
    level=Level.MANDATORY,
    types=(DOCKER_PROVIDER,),
    remediation="Set the provider's `host` to `ssh://root@<address>`.",
    references=(cis_docker("2.7", "Ensure TLS authentication for Docker daemon is configured"),),
    check=_over_tcp,
    fixtures=Fixtures(
        passes=[provider(host="ssh://root@203.0.113.7"), provider(host="tcp://10.0.1.2:2376", certMaterial=Secret("pem"))],
        fails=[provider(host="tcp://10.0.1.2:2375"), provider(host="http://10.0.1.2:2375", certPath="")],
        unknown=[provider(host=UNKNOWN), provider(host="tcp://10.0.1.2:2376", certMaterial=UNKNOWN)],
        absent=[provider()],
        absent_fails=False,
    ),
)

UNCHECKED = re.compile(r"StrictHostKeyChecking[= ]?(?:no|off)\b|UserKnownHostsFile[= ]?/dev/null", re.IGNORECASE)


def _unchecked(resource: Resource, options: Options) -> Iterator[str]:
    ways = text(resource.props, "sshOpts") or " ".join(each_text(resource.props, "sshOpts"))
    if found := UNCHECKED.search(ways):
        yield f"it takes any machine for its server (`{found[0]}`)"


def each_text(value: Any, where: str) -> Iterator[str]:
    """
    The texts of a list.
    """
    return (entry for entry in each(value, where) if isinstance(entry, str))


UNCHECKED_HOST = Rule(
    id="docker-host-key-unchecked",
    description="Pulumi knows the server that it speaks to by its key.",
    level=Level.MANDATORY,
    types=(DOCKER_PROVIDER,),
    remediation="Use `StrictHostKeyChecking=accept-new` with a known_hosts file that is kept.",
    references=(cwe(295, "improper certificate validation"),),
    check=_unchecked,
    fixtures=Fixtures(
        passes=[
            provider(sshOpts='["-o","StrictHostKeyChecking=accept-new","-o","UserKnownHostsFile=.flotilla/ssh/known_hosts"]')
        ],
        fails=[provider(sshOpts='["-o","StrictHostKeyChecking=no"]'), provider(sshOpts=["-o", "UserKnownHostsFile=/dev/null"])],
        unknown=[provider(sshOpts=UNKNOWN), provider(sshOpts=[UNKNOWN])],
        absent=[provider()],
        absent_fails=False,
    ),
)


def _plain_credentials(resource: Resource, options: Options) -> Iterator[str]:
    for name in CREDENTIALS:
        value = get(resource.props, name)
        if isinstance(value, str) and value and not isinstance(value, Secret):
            yield f"its `{name}` is no secret to Pulumi: it stands in the state as it is"
    registries = get(resource.props, "registryAuth")
    if isinstance(registries, str) and not isinstance(registries, Secret) and '"password"' in registries:
        yield "a registry's password is no secret to Pulumi: it stands in the state as it is"


CREDENTIALS_RULE = Rule(
    id="provider-credential-in-plain-text",
    description="Providers' credentials come from the environment or are secret in the stack's state.",
    level=Level.MANDATORY,
    types=PROVIDERS,
    # Pulumi's own command: `flotilla secrets set` is for what is in flotilla:secrets, and these keys are the providers'.
    remediation="Leave it to the environment (HCLOUD_TOKEN, CLOUDFLARE_API_TOKEN), or use `pulumi config set --secret`.",
    references=(cwe(312, "cleartext storage of sensitive information"),),
    check=_plain_credentials,
    fixtures=Fixtures(
        passes=[provider("pulumi:providers:hcloud", token=Secret("abc")), provider(registryAuth=Secret('[{"password":"x"}]'))],
        fails=[provider("pulumi:providers:cloudflare", apiToken="abc"), provider(registryAuth='[{"password":"x"}]')],
        unknown=[provider("pulumi:providers:hcloud", token=UNKNOWN), provider(registryAuth=UNKNOWN)],
        absent=[provider(), provider("pulumi:providers:hcloud")],
        absent_fails=False,
    ),
)

RULES = (IN_TEXT, IN_ENVIRONMENT, PLAIN_INPUT, PASSWORD, OVER_TCP, UNCHECKED_HOST, CREDENTIALS_RULE)
