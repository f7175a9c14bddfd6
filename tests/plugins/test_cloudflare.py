"""
The Cloudflare stand-in at the gRPC level, over the emulated API.
"""

import grpc
import pytest

from sandbox.plugins.provider import UNKNOWN
from sandbox.plugins.values import decode, encode
from sandbox.plugins.wire import provider_pb2

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
GET_ZONE = "cloudflare:index/getZone:getZone"
SECRET = "1b47061264138c4ac30d75fd1eb44270"


@pytest.fixture
def zone_id(cloudflare_plugin):
    return cloudflare_plugin.invoke(GET_ZONE, filter={"name": "flotilla.test", "match": "all"})["id"]


def record(zone_id, **changes):
    return {"zoneId": zone_id, "name": "www", "type": "A", "content": "127.10.7.11", "ttl": 60, **changes}


def test_a_zone_is_found_by_name_and_by_id(cloudflare_plugin, zone_id):
    """Both ways of getZone give the same zone, in the SDK's spelling."""
    by_id = cloudflare_plugin.invoke(GET_ZONE, zoneId=zone_id)
    assert by_id["name"] == "flotilla.test"
    assert by_id["nameServers"]
    zones = cloudflare_plugin.invoke("cloudflare:index/getZones:getZones", name="flotilla.test")
    assert [zone["id"] for zone in zones["results"]] == [zone_id]


def test_a_zone_that_is_not_there_is_an_error_naming_it(cloudflare_plugin):
    """A lookup that finds nothing says what it looked for."""
    with pytest.raises(grpc.RpcError, match=r"the token sees no zone named nowhere\.test\. .*flotilla sandbox start"):
        cloudflare_plugin.invoke(GET_ZONE, filter={"name": "nowhere.test", "match": "all"})


def test_a_record_lives_from_creation_to_deletion(cloudflare_plugin, zone_id):
    """Create, read, change in place, read the change, delete, gone."""
    made = cloudflare_plugin.create(RECORD, "www", record(zone_id))
    state = decode(made.properties).values
    assert state["name"] == "www"
    assert state["createdOn"]
    changed = cloudflare_plugin.update(RECORD, "www", made, record(zone_id, content="127.10.7.12"))
    assert decode(changed.properties).values["content"] == "127.10.7.12"
    seen = cloudflare_plugin.read(RECORD, "www", made.id, encode(record(zone_id)), made.properties)
    assert decode(seen.inputs).values == record(zone_id, content="127.10.7.12")
    cloudflare_plugin.delete(RECORD, "www", made)
    assert cloudflare_plugin.read(RECORD, "www", made.id, encode(record(zone_id)), made.properties).id == ""
    cloudflare_plugin.delete(RECORD, "www", made)


def test_a_record_is_imported_by_zone_and_record(cloudflare_plugin, zone_id):
    """The id of an import names the zone too; the resource keeps the record's id alone."""
    made = cloudflare_plugin.create(RECORD, "www", record(zone_id, proxied=False))
    imported = cloudflare_plugin.read(RECORD, "again", f"{zone_id}/{made.id}")
    assert imported.id == made.id
    inputs = decode(imported.inputs).values
    assert (inputs["zoneId"], inputs["type"], inputs["content"]) == (zone_id, "A", "127.10.7.11")
    assert inputs["name"] == "www.flotilla.test"


@pytest.mark.parametrize(
    ("key", "value", "replaced"), [("type", "AAAA", True), ("zoneId", "f" * 32, True), ("ttl", 300, False)]
)
def test_what_needs_a_new_record(cloudflare_plugin, zone_id, key, value, replaced):
    """Zone and type are for ever; the rest changes in place."""
    made = cloudflare_plugin.create(RECORD, "www", record(zone_id))
    answer = cloudflare_plugin.diff(RECORD, "www", made, record(zone_id), record(zone_id, **{key: value}))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.diffs) == [key]
    assert list(answer.replaces) == ([key] if replaced else [])


def test_no_change_is_no_difference(cloudflare_plugin, zone_id):
    """The same inputs again give an empty plan, and so does writing down what the API filled in."""
    made = cloudflare_plugin.create(RECORD, "www", record(zone_id))
    for new in (record(zone_id), record(zone_id, proxied=False)):
        answer = cloudflare_plugin.diff(RECORD, "www", made, record(zone_id), new)
        assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_preview_passes_what_is_known_and_marks_the_rest(cloudflare_plugin, zone_id):
    """Nothing is created by a preview; outputs are unknown, and so is what depends on unknown inputs."""
    planned = cloudflare_plugin.create(RECORD, "www", record(zone_id, content=UNKNOWN), preview=True)
    expected = decode(planned.properties).values
    assert expected["name"] == "www"
    assert expected["content"] is UNKNOWN
    assert expected["createdOn"] is UNKNOWN
    with pytest.raises(grpc.RpcError, match="the token sees no zone named"):
        cloudflare_plugin.invoke(GET_ZONE, filter={"name": "www.flotilla.test", "match": "all"})


def test_secrets_stay_secret(cloudflare_plugin, zone_id):
    """What came in as a secret goes out as one, from Check, Create and Read."""
    made = cloudflare_plugin.create(RECORD, "www", record(zone_id, comment="hush"), secrets=["comment"])
    wrapped = made.properties.fields["comment"].struct_value.fields
    assert wrapped["4dabf18193072939515e22adb298388d"].string_value == SECRET
    seen = cloudflare_plugin.read(RECORD, "www", made.id, encode(record(zone_id, comment="hush"), ["comment"]), made.properties)
    assert decode(seen.inputs).secrets == decode(seen.properties).secrets == {"comment"}


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"contents": "x"}, "contents", "Did you mean content"),
        ({"ttl": "soon"}, "ttl", "must be of type number"),
        ({"ttl": 7}, "ttl", "between 30 and 86400"),
        ({"type": "AAA"}, "type", "AAA is not one of"),
        ({"settings": {"flattenName": True}}, "settings.flattenName", "Did you mean flattenCname"),
        ({"privateRouting": True}, "privateRouting", "stand-in for cloudflare cannot do this"),
        ({"data": {"value": "x"}}, "data", "conflicts with content"),
    ],
)
def test_bad_inputs_are_rejected_by_name(cloudflare_plugin, zone_id, change, path, reason):
    """Each wrong property is named with its path, what is wrong and what to do."""
    (failure,) = cloudflare_plugin.check(RECORD, "www", record(zone_id, **change)).failures
    assert failure.property == path
    assert reason in failure.reason


def test_a_missing_property_is_named(cloudflare_plugin, zone_id):
    """What the SDK's type requires is required."""
    inputs = record(zone_id)
    del inputs["ttl"]
    (failure,) = cloudflare_plugin.check(RECORD, "www", inputs).failures
    assert failure.property == "ttl"
    assert "is required" in failure.reason


def test_the_apis_own_words_reach_the_person(cloudflare_plugin, zone_id):
    """A refusal by the API comes with its message, its code, the path and what to do."""
    with pytest.raises(grpc.RpcError) as refused:
        cloudflare_plugin.create(RECORD, "www", record(zone_id, content="not an address"))
    assert f"POST /zones/{zone_id}/dns_records" in refused.value.details()
    assert "Traceback" not in refused.value.details()


def test_a_wrong_token_is_one_clear_line(start_plugin, cloudflare_url):
    """The token is named as the cause, with the way to the right one."""
    plugin = start_plugin("cloudflare")
    plugin.configure(apiToken="wrong", baseUrl=cloudflare_url)
    with pytest.raises(grpc.RpcError) as refused:
        plugin.invoke(GET_ZONE, filter={"name": "flotilla.test", "match": "all"})
    assert refused.value.details().count("\n") == 0
    assert "Check the token" in refused.value.details()


def test_a_creation_cut_short_is_taken_up(cloudflare_plugin, zone_id):
    """A record that was made before the engine learned its id is adopted by the next try, not made twice."""
    first = cloudflare_plugin.create(RECORD, "www", record(zone_id))
    second = cloudflare_plugin.create(RECORD, "www", record(zone_id))
    assert second.id == first.id


def test_what_another_made_is_not_taken(cloudflare_plugin, zone_id):
    """Without a record of its own a creation does not adopt what has the same name."""
    cloudflare_plugin.create(RECORD, "www", record(zone_id))
    with pytest.raises(grpc.RpcError, match="pulumi import"):
        cloudflare_plugin.create(RECORD, "other", record(zone_id))
