"""
Secrets: names and no values, and never a value in an error.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hosts.keys import KEY_MINIMUM_LENGTH
from ops.errors import SettingsError
from settings import load, read_stack_config
from settings.secrets import SecretNames, read_names
from tests.settings.fleet import ENVIRONMENT, SECRETS, STACK_FILE

CANARY = "s3cr3t-canary"
BLOCK = (
    "this is not a block of names, each with its secret. Nothing was changed. Remove it from the file; then set each secret by "
    "its own name, such as"
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(CANARY) | st.just({"secure": CANARY}),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "projects", "notifications", "registry", "ledger", "KEY", "secure"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"secure": CANARY}, "flotilla:secrets.secure: unknown key"),
        (CANARY, f"flotilla:secrets: {BLOCK}"),
        ({"projects": CANARY}, f"flotilla:secrets.projects: {BLOCK}"),
        ({"projects": {"secure": CANARY}}, f"flotilla:secrets.projects: {BLOCK}"),
        ({"projects": {"ledger": CANARY}}, f"flotilla:secrets.projects.ledger: {BLOCK}"),
        ({"projects": {"ledger": {"secure": CANARY}}}, f"flotilla:secrets.projects.ledger: {BLOCK}"),
        ({"projects": {"ledger": {"SESSION_KEY": 7}}}, "projects.ledger.SESSION_KEY: this is no value of a secret"),
        ({"projects": {"ledger": {"SESSION_KEY": ""}}}, "projects.ledger.SESSION_KEY: this is no value of a secret"),
        ({"projects": {"ledger": {"SESSION_KEY": {"secure": [CANARY]}}}}, "SESSION_KEY: this is no value of a secret"),
        ({"projects": {"ledger": {"SESSION_KEY": CANARY}}}, "SESSION_KEY: this secret is there for everybody to read"),
        ({"projects": {"ledger": {"session-key": {"secure": CANARY}}}}, "session-key: this is not the name of a secret"),
        ({"key": 7}, "flotilla:secrets.key: this is no value of a secret"),
        ({"key": ""}, "flotilla:secrets.key: this is no value of a secret"),
        ({"key": {"secure": 7}}, "flotilla:secrets.key: this is no value of a secret"),
        ({"key": CANARY}, "flotilla:secrets.key: this secret is there for everybody to read"),
        ({"registry": 7}, "flotilla:secrets.registry: this is no value of a secret"),
        ({"registry": CANARY}, "flotilla:secrets.registry: this secret is there for everybody to read"),
        ({"registry": {"password": {"secure": CANARY}}}, "flotilla:secrets.registry: this is no value of a secret"),
        ({"offsite": {"password": {"secure": CANARY}}}, "offsite.password: this is not the name of a secret"),
        ({"offsite": {"access-key": CANARY}}, "offsite.access-key: this secret is there for everybody to read"),
        ({"notifications": {"Ops Chat": {"secure": CANARY}}}, "notifications['Ops Chat']: this is not the name of a secret"),
    ],
    ids=str,
)
def test_secrets_of_the_wrong_form(fleet, secrets: Any, said: str) -> None:
    """What has not the form of secrets is named with its path, and what may be a secret is not shown."""
    fleet.put(STACK_FILE, SECRETS, secrets)
    lines = fleet.mistakes()
    assert any(said in line for line in lines), lines
    assert CANARY not in "".join(lines)


def test_decrypted_values_are_fine(fleet) -> None:
    """The engine hands plain values on; whether they are encrypted is a matter of the stack's file."""
    config = read_stack_config(fleet.root, "local")
    config["secrets"] = {
        "projects": {"ledger": {"SESSION_KEY": CANARY, "MAIL_PASSWORD": CANARY}},
        "notifications": {"ops-chat": CANARY, "mail": CANARY},
        "key": CANARY.ljust(KEY_MINIMUM_LENGTH),
        "registry": CANARY,
    }
    loaded = load("local", fleet.root, config)
    assert loaded.secrets.of("ledger") == {"SESSION_KEY", "MAIL_PASSWORD"}
    assert CANARY not in repr(loaded)


def test_missing_value_says_how_to_set_it(fleet) -> None:
    """Without any secrets, each declared name has its line, with the command that sets it; so has the key."""
    fleet.put(STACK_FILE, SECRETS, None)
    [key, *lines] = fleet.mistakes()
    assert key.endswith("`openssl rand -base64 48 | flotilla secrets set key -s local`.")
    assert [line.rpartition("Run ")[2] for line in lines] == [
        f"`flotilla secrets set {name} -s local`."
        for name in (
            "registry",
            "notifications.ops-chat",
            "notifications.mail",
            "projects.ledger.SESSION_KEY",
            "projects.ledger.MAIL_PASSWORD",
        )
    ]


@pytest.mark.parametrize(
    ("in_file", "approval"),
    [({"secure": "v1:k"}, " --approve critical --reason 'another key'"), ("short", "")],
    ids=["encrypted", "in plain"],
)
def test_a_key_that_is_no_good_is_replaced_by_a_pipe(fleet, in_file: Any, approval: str) -> None:
    """One that is encrypted may be in use: its replacement is critical, and nobody can be asked at a pipe."""
    fleet.put(STACK_FILE, (*SECRETS, "key"), in_file)
    config = read_stack_config(fleet.root, "local")
    config["secrets"]["key"] = "short"
    with pytest.raises(SettingsError) as raised:
        load("local", fleet.root, config)
    assert f"Make a new one: `openssl rand -base64 48 | flotilla secrets set key -s local{approval}`." in str(raised.value)


def test_words_to_replace_are_no_redirections(fleet) -> None:
    """What stands for a name is quoted: a shell reads one word."""
    fleet.put(STACK_FILE, (*SECRETS, "projects"), "no block")
    assert any("`flotilla secrets set 'projects.<project>.<NAME>' -s local`" in line for line in fleet.mistakes())


def test_what_pulumi_leaves_is_no_secret(fleet) -> None:
    """`pulumi config rm` leaves empty blocks behind, which are no mistake."""
    fleet.put(STACK_FILE, (*SECRETS, "projects", "gone"), {})
    assert fleet.load().secrets.of("gone") == frozenset()


@given(secrets=anything)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_secrets_are_judged(fleet, secrets: Any) -> None:
    """Whatever stands there: no crash, lines in the proper form, and never a value."""
    config = {**read_stack_config(fleet.root, "local"), "secrets": secrets}
    assert isinstance(read_names(secrets), SecretNames)
    try:
        loaded = load("local", fleet.root, config)
    except SettingsError as error:
        assert CANARY not in str(error)
        assert all("Nothing was changed." in line and line.isprintable() for line in str(error).splitlines())
    else:
        assert CANARY not in repr(loaded)


def test_place_off_site_can_be_logged_in_to(fleet) -> None:
    """SFTP without a host key would give copies to whoever answers; S3 without credentials gives none to anybody."""
    fleet.put(STACK_FILE, ("config", "flotilla:environment", "backup", "offsite", "host_key"), None)
    assert any("`sftp` needs `host_key`" in line for line in fleet.mistakes())
    fleet.put(STACK_FILE, ("config", "flotilla:environment", "backup", "offsite", "kind"), "s3")
    assert any("there is no secret `offsite.access-key`" in line for line in fleet.mistakes())


def test_who_logs_in_to_the_registry_has_a_password_and_nobody_else(fleet) -> None:
    """A user without one is told how to set it; a password without a user how to be rid of it."""
    fleet.put(STACK_FILE, (*SECRETS, "registry"), None)
    [line] = fleet.mistakes()
    assert "registry_user: there is no secret `registry`, which would be the password" in line
    assert line.endswith("Run `flotilla secrets set registry -s local`.")
    fleet.put(STACK_FILE, (*SECRETS, "registry"), {"secure": "v1:r"})
    fleet.put(STACK_FILE, (*ENVIRONMENT, "registry_user"), None)
    [line] = fleet.mistakes()
    assert "flotilla:secrets.registry: there is no `registry_user` whose password it would be" in line
    assert line.endswith("Remove it with `pulumi config rm --stack local --path 'flotilla:secrets.registry'`.")
