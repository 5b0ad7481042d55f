# SPDX-License-Identifier: GPL-2.0-or-later
"""Redfish of cxl-fmd: the tree, memory chunks, tasks, queries, errors"""

import concurrent.futures
import json
import random
import re
import uuid
import xml.etree.ElementTree as ElementTree

from fmtest import until
from redfishtest import (ROOT, main, message, own_faults, own_names, own_types,
                         walk)
from webtest import LIMIT, UnixConnection, ask, talk_nonsense

NOBODY = str(uuid.UUID(int=1))
MIB = 1 << 20


def entrance(f):
    """Where clients begin, and what is not for clients without a token"""
    f.checks.equal(f.get("/redfish").json(), {"v1": f"{ROOT}/"}, "versions")
    f.checks.equal(f.get(ROOT).json(), f.get(f"{ROOT}/").json(),
                   "the service root is with and without /")
    node = f.node(f"{ROOT}/")
    f.checks.equal(str(uuid.UUID(node["UUID"])), node["UUID"], "its UUID")
    f.checks.equal(f.get(f"{ROOT}/Chassis/").status, 200,
                   "others may have a / at their ends, too")
    names = {v["url"] for v in f.get(f"{ROOT}/odata").json()["value"]}
    for path in names:
        f.checks.equal(f.get(path).status, 200, f"odata leads to {path}")
    answer = f.get(f"{ROOT}/$metadata")
    f.checks.equal(answer.headers["Content-Type"], "application/xml",
                   "$metadata is XML")
    tree = ElementTree.fromstring(answer.body)
    references = {r.get("Uri") for r in tree.iter() if
                  r.tag.endswith("}Reference")}
    ours = {u for u in references if u.startswith("/")}
    f.checks.equal(ours, {f"{ROOT}/Schemas/CxlDcd_v1.xml"}, "our schema")
    for path in ours:
        ElementTree.fromstring(f.get(path).body)
    for path in ("/redfish", ROOT, f"{ROOT}/odata", f"{ROOT}/$metadata", *ours):
        f.checks.equal(f.token(None, "GET", path).status, 200,
                       f"anybody may read {path}")
    for path in (f"{ROOT}/Chassis", f"{ROOT}/SessionService"):
        answer = f.token(None, "GET", path)
        f.checks.equal((answer.status, message(answer)),
                       (401, "NoValidSession"), f"nobody may read {path}")
        f.checks.that("Basic" in answer.headers.get("WWW-Authenticate", ""),
                      "it says how to", answer)


entrance.tcp = True


def tree(f):
    """Everything that the root leads to is as the schemas want it."""
    f.chunk(16)
    f.chunk(32, "vm2", Oem={"CxlDcd": {"Consumer": "17",
                                       "ConsumerKind": "job"}})
    # Memory without a tag is no claim's.
    f.expect(0, "add", "16M", "-d", "vm1", "--wait")
    until(lambda: f.node(f"{ROOT}/Systems/vm1/Memory/CXL")["CapacityMiB"] == 32,
          LIMIT)
    f.ask("POST", f"{ROOT}/EventService/Subscriptions", {
        "Destination": "http://127.0.0.1:9/", "Protocol": "Redfish",
        "Context": "here"})
    seen, wrong = walk(f.read)
    f.checks.equal(wrong, [], f"{len(seen)} resources are good")
    kinds = {n["@odata.type"].split(".")[0][1:] for n in seen.values()}
    for kind in ("MemoryRegion", "MemoryChunks", "Connection", "Task",
                 "Endpoint", "Zone", "EventDestination", "Memory", "Role"):
        f.checks.that(kind in kinds, f"there is a {kind}")
    spaces = set(re.findall(r'Namespace="([\w.]+)"',
                            f.get(f"{ROOT}/$metadata").body.decode()))
    said = {t[1:].rsplit(".", 1)[0] for t in
            re.findall(r'"@odata.type": "([^"]+)"', json.dumps(seen))}
    bare = [e for n in seen.values() for e in n.get("MemoryExtents", ())
            if "Tag" not in e]
    f.checks.equal([e["ExtentSizeMiB"] for e in bare], [16],
                   "an extent without a tag says none")
    f.checks.that("Message.v1_1_2" in said, "messages of tasks say their type")
    f.checks.equal(said - spaces, set(), "$metadata has every type")
    files = {m["@odata.id"].rsplit("/", 1)[1] for m in
             f.node(f"{ROOT}/JsonSchemas")["Members"]}
    f.checks.equal({s.split(".")[0] for s in said} - files, {"CxlDcd"},
                   "JsonSchemas has every type of DMTF's")
    f.done(f.ask("DELETE", f.chunk(16)))
    f.checks.equal(walk(f.read)[1], [], "also with a task that had no body")


def own(f):
    """What is in Oem is as our schema says."""
    f.chunk(16, Oem={"CxlDcd": {"Consumer": "17", "ConsumerKind": "job"}})
    f.post({"MemoryChunkSizeMiB": 1 << 20}, "vm1")
    text = f.get(f"{ROOT}/Schemas/CxlDcd_v1.xml").body
    types = own_types(text)
    labels = own_names(text, "Selector") or "nothing"
    for name in ("row", "a.b-c_9", "_", "", ".row", "-row", "a b", "a/b"):
        answer = f.post({"MemoryChunkSizeMiB": 2, "Oem": {"CxlDcd": {
            "Selector": {name: "none"}}}})
        f.checks.equal(answer.status, 202 if re.fullmatch(labels, name) else
                       400, f"a label {name!r} is good or bad in both")
    wrong, seen = [], set()
    for path, node in walk(f.read)[0].items():
        ours = node.get("Oem", {}).get("CxlDcd")
        if ours:
            kind = ours["@odata.type"][1:]
            seen.add(kind)
            wrong += own_faults(types, path, kind, ours)
    f.checks.equal(wrong, [], "every object of ours")
    f.checks.equal(seen, {f"CxlDcd.v1_0_0.{k}" for k in (
        "Host", "Memory", "MemoryChunk", "MemoryDomain", "MemoryRegion",
        "Pool")}, "of all types but those of events")


def region(f):
    """A region of a logical device is a DCD, literally."""
    path = f.chunk(48)
    tag = path.rsplit("/", 1)[1]
    node = f.node(path)
    f.checks.equal((node["MemoryChunkSizeMiB"], node["AddressRangeType"],
                    node["Status"]), (48, "Volatile",
                                      {"State": "Enabled", "Health": "OK"}),
                   "the chunk")
    at, = node["Links"]["MemoryRegions"]
    # The device is seen by its owner a moment later than the claim.
    until(lambda: f.node(at["@odata.id"])["ExtentsCount"] > 0, LIMIT)
    there = f.node(at["@odata.id"])
    f.checks.equal(there["RegionType"], "Dynamic", "it is dynamic")
    f.checks.equal({e["Tag"] for e in there["MemoryExtents"]}, {tag},
                   "its extents have the claim's UUID as their tag")
    f.checks.equal(sum(e["ExtentSizeMiB"] for e in there["MemoryExtents"]), 48,
                   "they are as large as the chunk")
    f.checks.equal({c["ChunkLink"]["@odata.id"] for c in
                    there["MemoryChunks"]}, {path}, "it names the chunk")
    exact = there["Oem"]["CxlDcd"]
    f.checks.equal(sum(e["SizeBytes"] for e in exact["Extents"]), 48 * MIB,
                   "Oem has bytes")
    device = f.node(node["Links"]["CXLLogicalDevices"][0]["@odata.id"])
    f.checks.equal(device["MemorySizeMiB"], 48, "the device has so much")
    system = f.node(f"{ROOT}/Systems/vm1/Memory/CXL")
    f.checks.equal(system["CapacityMiB"], 48, "the host has so much")


def chunks(f):
    """A chunk is asked for, is there, and goes; over tasks and monitors."""
    answer = f.post({"MemoryChunkSizeMiB": 16, "DisplayName": "job"}, "vm1")
    f.checks.equal(answer.status, 202, "a POST is taken")
    task, monitor = answer.json()["@odata.id"], answer.headers["Location"]
    f.checks.equal(answer.json()["TaskMonitor"], monitor, "Location is the "
                   "monitor")
    f.checks.that(f.node(task)["Payload"]["HttpOperation"] == "POST",
                  "the task tells what was asked for")
    node = f.done(answer)
    path = node["Links"]["CreatedResources"][0]["@odata.id"]
    last = f.get(monitor)
    f.checks.equal((last.status, last.headers.get("Location")), (201, path),
                   "the monitor ends with the chunk")
    f.checks.equal(last.json(), f.node(path), "which is what it says")
    members = f.ask("POST", f"{f.chunks()}/Members",
                    {"MemoryChunkSizeMiB": 16})
    f.checks.equal(members.status, 202, "a POST to the members is the same")
    f.done(f.ask("DELETE", f.done(members)["Links"]["CreatedResources"][0]
                 ["@odata.id"]))
    f.checks.equal(f.phase(f"/v1/claims/{path.rsplit('/', 1)[1]}"), "Bound",
                   "it is a claim")
    f.checks.that({"@odata.id": path} in f.node(f.chunks())["Members"],
                  "it is a member")
    answer = f.ask("DELETE", path)
    f.checks.equal(answer.status, 202, "a DELETE is taken")
    monitor = answer.headers["Location"]
    f.done(answer)
    f.checks.equal(f.get(monitor).status, 204, "the monitor ends")
    f.refuses(404, "ResourceMissingAtURI", "GET", path)
    f.refuses(404, "ResourceMissingAtURI", "DELETE", path)
    f.checks.equal(walk(f.read)[1], [], "no link leads nowhere")
    f.checks.equal(f.ask("DELETE", task).status, 204, "a task can be removed")
    f.refuses(404, "ResourceMissingAtURI", "GET", task)
    # One that cannot be: there is not so much.
    answer = f.post({"MemoryChunkSizeMiB": 1 << 20}, "vm1")
    task, monitor = answer.json()["@odata.id"], answer.headers["Location"]
    until(lambda: f.node(task)["Messages"], LIMIT)
    f.checks.equal(f.get(monitor).status, 202, "it waits for room")
    f.refuses(409, "ResourceInUse", "DELETE", task)
    path, = (m["@odata.id"] for m in f.node(f.chunks())["Members"])
    f.ask("DELETE", path)
    f.done(answer, "Cancelled")
    f.checks.equal(f.get(monitor).status, 409, "the monitor says so")


def wishes(f):
    """What a chunk may be made of"""
    anywhere = f.post({"MemoryChunkSizeMiB": 16})
    f.checks.equal(f.done(anywhere)["TaskStatus"], "OK", "for any host")
    path = f.chunk(1, Oem={"CxlDcd": {"UUID": NOBODY, "Bytes": 4 * MIB}})
    f.checks.that(path.endswith(NOBODY), "Oem names its UUID", path)
    again = f.post({"Oem": {"CxlDcd": {"UUID": NOBODY, "Bytes": 4 * MIB}}},
                   "vm1")
    f.checks.equal((again.status, len([m for m in f.node(f.chunks())["Members"]
                                       if NOBODY in m["@odata.id"]])), (202, 1),
                   "the same again is one")
    pool = f.chunks().split("/")[4]
    by_device = {"MemoryChunkSizeMiB": 16, "Links": {"CXLLogicalDevices": [
        {"@odata.id": f"{ROOT}/Chassis/{pool}/PCIeDevices/DCD/"
                      "CXLLogicalDevices/vm2"}]}}
    node = f.done(f.ask("POST", f.chunks(), by_device))
    node = f.node(node["Links"]["CreatedResources"][0]["@odata.id"])
    f.checks.equal(node["Oem"]["CxlDcd"]["Hosts"], ["vm2"], "by its device")
    chosen = f.post({"MemoryChunkSizeMiB": 16, "Oem": {"CxlDcd": {
        "Selector": {"row": "2"}}}})
    node = f.done(chosen)
    node = f.node(node["Links"]["CreatedResources"][0]["@odata.id"])
    f.checks.equal(node["Oem"]["CxlDcd"]["Hosts"], ["vm2"], "by a label")


def refused(f):
    """Bodies that make no sense, paths and methods that are not"""
    path = f.chunks()
    size = {"MemoryChunkSizeMiB": 16}
    for key, body in (
            ("PropertyMissing", {}),
            ("PropertyValueTypeError", {"MemoryChunkSizeMiB": "16"}),
            ("PropertyValueOutOfRange", {"MemoryChunkSizeMiB": 0}),
            ("PropertyValueOutOfRange", {"MemoryChunkSizeMiB": -1}),
            ("PropertyValueOutOfRange", {"MemoryChunkSizeMiB": 1 << 62}),
            ("PropertyUnknown", dict(size, Colour="red")),
            ("PropertyUnknown", dict(size, Links={"Chassis": []})),
            ("PropertyValueNotInList", dict(size, AddressRangeType="PMEM")),
            ("PropertyValueNotInList", dict(size, IsSpare=True)),
            ("PropertyValueNotInList", dict(size, MediaLocation="Local")),
            ("PropertyValueNotInList", dict(
                size, RequestedOperationalState="Offline")),
            ("PropertyValueNotInList", dict(size, InterleaveSets=[{}])),
            ("PropertyValueTypeError", dict(size, Links=[])),
            ("PropertyValueTypeError", dict(size, Links={"Endpoints": {}})),
            ("PropertyValueNotInList", dict(size, Links={"Endpoints": [
                {"@odata.id": f"{ROOT}/Fabrics/CXL/Endpoints/I.nobody"}]})),
            ("PropertyValueNotInList", dict(size, Links={"Endpoints": [7]})),
            ("PropertyValueTypeError", dict(size, DisplayName=7)),
            ("PropertyValueTypeError", dict(size, Oem=7)),
            ("PropertyUnknown", dict(size, Oem={"CxlDcd": {"Byts": 7}})),
            ("PropertyValueFormatError", dict(
                size, Oem={"CxlDcd": {"UUID": "7"}})),
            ("GeneralError", {"Oem": {"CxlDcd": {"Bytes": "lots"}}})):
        f.refuses(400, key, "POST", path, body)
    for body in ("{", "[]", "7", "null", "\x00"):
        f.refuses(400, "MalformedJSON", "POST", path, body,
                  Content_Type="application/json")
    f.refuses(415, "HeaderInvalid", "POST", path, "{}",
              Content_Type="text/plain")
    for there in (f"{ROOT}/nope", f"{ROOT}/Chassix", "/redfish/v2",
                  f"{ROOT}/Chassis/nope",
                  f"{ROOT}/Chassis/{NOBODY}/MemoryDomains", f"{path}/{NOBODY}",
                  f"{ROOT}/Systems/nope/Memory", f"{ROOT}/Systems/vm1/Memory/x",
                  f"{ROOT}/Fabrics/CXL/Endpoints/vm1",
                  f"{ROOT}/Fabrics/CXL/Connections/{NOBODY}.vm1",
                  f"{ROOT}/Fabrics/CXL/Zones/{NOBODY}",
                  f"{ROOT}/TaskService/Tasks/x", f"{ROOT}/JsonSchemas/x",
                  f"{ROOT}/TaskService/TaskMonitors/x",
                  f"{ROOT}/AccountService/Accounts/0",
                  f"{ROOT}/AccountService/Roles/x", f"{ROOT}/Managers/x",
                  f"{ROOT}/Registries/x", f"{ROOT}/SessionService/Sessions/x",
                  f"{ROOT}/EventService/Subscriptions/x"):
        f.refuses(404, "ResourceMissingAtURI", "GET", there)
    f.refuses(404, "ResourceMissingAtURI", "POST",
              path.replace("/MemoryDomains/0/", "/MemoryDomains/7/"), size)
    for method, there, allow in (
            ("DELETE", f"{ROOT}/", "GET, HEAD"),
            ("POST", f"{ROOT}/Chassis", "GET, HEAD"),
            ("PATCH", path, "GET, HEAD, POST"),
            ("PUT", f"{path}/{NOBODY}", "GET, HEAD, DELETE"),
            ("FAKE", f"{ROOT}/Systems", "GET, HEAD")):
        answer = f.refuses(405, "OperationNotAllowed", method, there)
        f.checks.equal(answer.headers.get("Allow"), allow, f"Allow of {there}")
    f.refuses(412, "HeaderInvalid", "GET", f"{ROOT}/", OData_Version="4.1")
    f.refuses(404, "ResourceMissingAtURI", "GET", f"{ROOT}/Systems/%ff")
    f.refuses(400, "QueryParameterValueFormatError", "GET",
              f"{ROOT}/Systems?$top=%ff")
    f.checks.equal(f.get(f"{ROOT}/", OData_Version="4.0").status, 200,
                   "OData 4.0 is good")
    f.checks.equal(f.ask("GET", f"{ROOT}/", {}).status, 200,
                   "a body of a GET says nothing")
    f.checks.equal(f.ask("HEAD", f"{ROOT}/").body, b"", "HEAD has no body")


def queries(f):
    """$expand, $select, $top, $skip and only, as the root promises"""
    f.chunk(16)
    f.chunk(16)
    path = f.chunks()
    promised = f.node(f"{ROOT}/")["ProtocolFeaturesSupported"]
    f.checks.equal((promised["SelectQuery"], promised["OnlyMemberQuery"],
                    promised["ExpandQuery"]["ExpandAll"],
                    promised["FilterQuery"]), (True, True, True, False),
                   "what is promised")
    members = f.node(path)["Members"]
    node = f.node(f"{path}?$expand=.")
    f.checks.equal([m["@odata.id"] for m in node["Members"]],
                   [m["@odata.id"] for m in members], "$expand has the members")
    for member in node["Members"]:
        f.checks.equal(member, f.node(member["@odata.id"]), "whole")
    one = members[0]["@odata.id"]
    f.checks.that("EndpointProtocol" in f.node(f"{one}?$expand=~")["Links"]
                  ["Endpoints"][0], "~ has what is linked")
    f.checks.equal(f.node(f"{one}?$expand=.")["Links"], f.node(one)["Links"],
                   ". has not")
    deep = f.node(f"{ROOT}/Chassis?$expand=.($levels=4)")
    domain = deep["Members"][0]["MemoryDomains"]["Members"][0]
    f.checks.equal(domain["MemoryChunks"]["Members"], members,
                   "four levels go down to the links of the fifth")
    some = f.node(f"{one}?$select=MemoryChunkSizeMiB,Status/State")
    f.checks.equal({k for k in some if "@" not in k},
                   {"MemoryChunkSizeMiB", "Status"}, "$select")
    f.checks.equal(some["Status"], {"State": "Enabled"}, "also of a member")
    both = f.node(f"{path}?$expand=.&$select=Name")
    f.checks.equal({k for k in both["Members"][0] if "@" not in k}, {"Name"},
                   "both are of the members")
    first = f.node(f"{path}?$top=1")
    f.checks.equal((len(first["Members"]), first["Members@odata.count"]),
                   (1, 2), "$top, and how many there are")
    second = f.node(first["Members@odata.nextLink"])
    f.checks.equal(first["Members"] + second["Members"], members,
                   "nextLink goes on")
    f.checks.equal(f.node(f"{path}?$skip=5")["Members"], [], "$skip over all")
    f.checks.equal(f.node(f"{ROOT}/Fabrics?only")["@odata.id"],
                   f"{ROOT}/Fabrics/CXL", "only")
    f.checks.equal(f.node(f"{path}?only")["@odata.id"], path,
                   "only of two is the collection")
    f.checks.equal(f.get(f"{ROOT}/?rpvunknown").status, 200,
                   "what is not known is nothing")
    for query in ("only", "$top=1", "$skip=0"):
        f.refuses(400, "QueryNotSupportedOnResource", "GET", f"{one}?{query}")
    f.refuses(501, "QueryNotSupported", "GET", f"{ROOT}/?$rpvunknown")
    f.refuses(501, "QueryNotSupported", "GET", f"{path}?$filter=Name%20eq%201")
    for query in ("only=foo", "$top=-1", "$top=x", "$skip=1.5", "$expand=x",
                  "$expand=", "$expand=.($levels=9)", "$expand=.($levels=0)",
                  "$expand=.($levels=", "$expand=.)", "$select="):
        f.refuses(400, "QueryParameterValueFormatError", "GET",
                  f"{path}?{query}")


def large(f):
    """Many who ask for everything take no more memory than a few."""
    def most():
        with open(f"/proc/{f.daemon.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1])

    def everything(_):
        answer = f.get(f"{ROOT}/?$expand=*($levels=4)")
        return answer.status, len(answer.json())
    connection = UnixConnection(f.socket)
    for _ in range(1500):
        ask(connection, "PUT", f"/v1/claims/{uuid.uuid4()}",
            {"bytes": "400G", "host": "vm2"})
    before = most()
    one = everything(0)
    alone = most()
    f.checks.equal(one[0], 200, "one is answered")
    with concurrent.futures.ThreadPoolExecutor(8) as many:
        f.checks.equal(set(many.map(everything, range(24))), {one},
                       "all are answered")
    f.checks.that(most() - before < 3 * (alone - before),
                  "they take the memory of less than three",
                  f"{before} {alone} {most()} kB")
    print(f"# {before} kB, one {alone} kB, eight at a time {most()} kB")


def conditions(f):
    """ETags, and changes only to what was seen"""
    path = f.chunk(16)
    answer = f.get(path)
    etag = answer.headers["ETag"]
    f.checks.equal(f.get(path).headers["ETag"], etag, "it stays")
    f.checks.equal(f.get(path, If_None_Match=etag).status, 304, "304")
    f.refuses(412, "PreconditionFailed", "DELETE", path, If_Match='"1-x"')
    f.refuses(400, "HeaderInvalid", "DELETE", path, If_Match="nonsense")
    f.checks.equal(f.ask("DELETE", path, If_Match=etag).status, 202,
                   "with the right one")
    for path in (f"{ROOT}/", f"{ROOT}/Chassis", f"{ROOT}/Systems/vm1"):
        etag = f.get(path).headers["ETag"]
        f.checks.equal(f.get(path, If_None_Match=etag).status, 304,
                       f"304 of {path}")
    # Who reads a part, or it with others, can change what he saw, too.
    path = f.chunk(16)
    etag = f.node(path)["@odata.etag"]
    f.checks.equal((f.get(path).headers["ETag"],
                    f.get(f"{path}?$select=Name").headers["ETag"],
                    f.node(f"{path}?$select=Name")["@odata.etag"],
                    f.node(f"{path}?$expand=*")["@odata.etag"]), (etag,) * 4,
                   "a resource has one ETag")
    members = f"{f.chunks()}?$expand=."
    f.checks.equal([m["@odata.etag"] for m in f.node(members)["Members"]],
                   [etag], "as a member, too")
    before = f.get(members).headers["ETag"]
    f.checks.that(before != f.get(f.chunks()).headers["ETag"],
                  "what is expanded is of more than one")
    f.ask("DELETE", path, If_Match=etag)
    f.checks.that(until(lambda: f.get(members).headers["ETag"] != before,
                        LIMIT), "and is another when one of them is")


def tagged(f):
    """What is made or changed is answered with its ETag."""
    seats = f"{ROOT}/EventService/Subscriptions"
    answer = f.ask("POST", seats, {"Destination": "http://127.0.0.1:9/",
                                   "Protocol": "Redfish"})
    for body in (None, {"Context": "other"}):
        path = answer.json()["@odata.id"]
        if body:
            answer = f.ask("PATCH", path, body,
                           If_Match=answer.headers["ETag"])
        f.checks.equal((answer.headers.get("ETag"),
                        answer.json()["@odata.etag"]),
                       (f.get(path).headers["ETag"],) * 2,
                       f"{answer.status} says it")
    f.checks.equal(answer.status, 200, "so it can be changed at once")


def nonsense(f):
    """Spoiled requests on every path; then all is as it was."""
    f.chunk(16)
    seen, _ = walk(f.read)
    paths = [p.encode() for p in seen] + [f"{ROOT}/$metadata".encode(),
                                          f"{ROOT}/TaskService/TaskMonitors/x"
                                          .encode()]
    talk_nonsense(f.socket, paths)
    dice = random.Random(11)
    values = (None, 7, -1, 1e300, "x" * 300, [], {}, [[]], [{}], True, "\u0000",
              {"@odata.id": 7}, [{"@odata.id": "/"}], {"CxlDcd": []})
    keys = ("MemoryChunkSizeMiB", "Links", "Oem", "AddressRangeType", "Context",
            "InterleaveSets", "MemoryChunkInfo", "Destination", "Protocol",
            "HttpHeaders", "UserName", "Password", "DisplayName",
            "OriginResources", "EventTypes", "@odata.id")
    for path in (f.chunks(), f"{ROOT}/Fabrics/CXL/Connections",
                 f"{ROOT}/EventService/Subscriptions",
                 f"{ROOT}/SessionService/Sessions"):
        bad = []
        for _ in range(60):
            body = {k: dice.choice(values) for k in
                    dice.sample(keys, dice.randrange(1, 6))}
            answer = f.ask("POST", path, json.dumps(body),
                           Content_Type="application/json")
            if answer.status >= 500 or (answer.status >= 400 and
                                        not message(answer)):
                bad.append((body, str(answer)))
        f.checks.equal(bad, [], f"nonsense to {path[-40:]}")
    # What was released by chance is on its way.
    f.checks.that(until(lambda: not walk(f.read)[1], LIMIT), "the tree is good",
                  walk(f.read)[1])


if __name__ == "__main__":
    main(entrance, tree, own, region, chunks, wishes, refused, queries,
         large, conditions, tagged, nonsense)
