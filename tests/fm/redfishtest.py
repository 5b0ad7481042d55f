# SPDX-License-Identifier: GPL-2.0-or-later
"""Redfish for tests: is a tree as DMTF's specification and schemas want it?

walk() reads everything that the service root leads to and yields what is wrong.
PROPERTIES has, of each schema version that the daemon says, the properties that
it may use and, after '!', those that it must have.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

from fleettest import Fleet
from fmtest import Failed, run_tests, until
from webtest import LIMIT

ROOT = "/redfish/v1"
COMMON = {"@odata.id", "@odata.type", "Name", "Id"}
MAY = {"Description", "Oem", "@odata.etag", "@odata.context"}

PROPERTIES = {
    "ServiceRoot.v1_15_0": "RedfishVersion UUID Vendor Product "
        "ProtocolFeaturesSupported AccountService Chassis EventService Fabrics "
        "JsonSchemas Managers Registries SessionService Systems Tasks !Links "
        "AggregationService",
    "Chassis.v1_21_0": "!ChassisType UUID Status PCIeDevices MemoryDomains "
        "Links",
    "PCIeDevice.v1_11_0": "DeviceType Status CXLDevice CXLLogicalDevices Links",
    "CXLLogicalDevice.v1_1_0": "Identifiers SemanticsSupported MemorySizeMiB "
        "Status MemoryRegions Links",
    "MemoryRegion.v1_0_0": "!RegionType RegionNumber BlockSizeMiB RegionSizeMiB "
        "RegionBaseOffsetMiB ShareableRegion NonVolatileRegion "
        "SanitizeOnRelease ExtentsCount MemoryExtents MemoryChunks Status",
    "MemoryDomain.v1_5_0": "AllowsMemoryChunkCreation AllowsBlockProvisioning "
        "AllowsMirroring AllowsSparing MemorySizeMiB MinMemoryChunkSizeMiB "
        "MemoryChunkIncrementMiB Status MemoryChunks Links",
    "MemoryChunks.v1_6_0": "MemoryChunkSizeMiB !AddressRangeType DisplayName "
        "AddressRangeOffsetMiB MediaLocation RequestedOperationalState Status "
        "Links",
    "ComputerSystem.v1_17_0": "SystemType HostName PowerState Status Memory "
        "Boot Actions Links",
    "Memory.v1_17_0": "MemoryType OperatingMemoryModes CapacityMiB Status "
        "Links",
    "Fabric.v1_3_0": "FabricType Status Endpoints Zones Connections",
    "Endpoint.v1_8_0": "EndpointProtocol ConnectedEntities Status Links",
    "Zone.v1_6_0": "!ZoneType Status Links",
    "Connection.v1_1_0": "ConnectionType Status MemoryChunkInfo Links",
    "AggregationService.v1_0_0": "ServiceEnabled Status ConnectionMethods",
    "ConnectionMethod.v1_0_0": "ConnectionMethodType ConnectionMethodVariant "
        "Links",
    "Manager.v1_11_0": "ManagerType FirmwareVersion Status Links",
    "TaskService.v1_2_0": "CompletedTaskOverWritePolicy ServiceEnabled Status "
        "LifeCycleEventOnTaskStateChange Tasks",
    "Task.v1_7_0": "TaskState TaskStatus StartTime EndTime TaskMonitor "
        "PercentComplete HidePayload Payload Messages Links",
    "SessionService.v1_1_8": "ServiceEnabled SessionTimeout Status Sessions",
    "Session.v1_5_0": "UserName Password SessionType CreatedTime",
    "AccountService.v1_15_0": "ServiceEnabled LocalAccountAuth HTTPBasicAuth "
        "AccountLockoutThreshold AccountLockoutDuration "
        "AccountLockoutCounterResetAfter MinPasswordLength MaxPasswordLength "
        "Status Accounts Roles",
    "ManagerAccount.v1_7_0": "UserName !Password RoleId Enabled Locked "
        "!AccountTypes Links",
    "Role.v1_2_2": "RoleId IsPredefined AssignedPrivileges OemPrivileges",
    "EventService.v1_7_0": "ServiceEnabled DeliveryRetryAttempts "
        "DeliveryRetryIntervalSeconds EventFormatTypes RegistryPrefixes "
        "ResourceTypes SubordinateResourcesSupported "
        "IncludeOriginOfConditionSupported ServerSentEventUri "
        "SSEFilterPropertiesSupported Status Subscriptions",
    "EventDestination.v1_11_0": "!Destination !Context !Protocol "
        "!SubscriptionType EventFormatType DeliveryRetryPolicy "
        "VerifyCertificate SubordinateResources HttpHeaders EventTypes "
        "RegistryPrefixes ResourceTypes OriginResources Status",
    "JsonSchemaFile.v1_1_4": "!Languages !Schema !Location",
    "MessageRegistryFile.v1_1_0": "!Languages !Registry !Location",
}
COLLECTION = {"Members", "Members@odata.count", "Members@odata.nextLink"}
STATES = {"Enabled", "Disabled", "StandbyOffline", "StandbySpare", "InTest",
          "Starting", "Absent", "UnavailableOffline", "Deferring", "Quiesced",
          "Updating", "Qualified", "Degraded"}
WORDS = {
    "ChassisType": {"Enclosure"}, "DeviceType": {"SingleFunction", "Type3"},
    "RegionType": {"Static", "Dynamic"},
    "AddressRangeType": {"Volatile", "PMEM", "Block"},
    "MediaLocation": {"Local", "Remote", "Mixed"},
    "RequestedOperationalState": {"Online", "Offline"},
    "SystemType": {"Physical", "Virtual"}, "PowerState": {"On", "Off"},
    "MemoryType": {"DRAM"}, "FabricType": {"CXL"}, "EndpointProtocol": {"CXL"},
    "EntityType": {"RootComplex", "CXLDevice"},
    "EntityRole": {"Initiator", "Target"}, "ZoneType": {"ZoneOfEndpoints"},
    "ConnectionType": {"Memory", "Storage"}, "ManagerType": {"Service"},
    "TaskState": {"New", "Starting", "Running", "Suspended", "Interrupted",
                  "Pending", "Stopping", "Completed", "Killed", "Exception",
                  "Service", "Cancelling", "Cancelled"},
    "SessionType": {"Redfish"}, "Health": {"OK", "Warning", "Critical"},
    "State": STATES,
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
# What clients write, and may leave empty
EMPTY = {"Context", "DisplayName"}
# What may be in Links of each type
LINKS = {
    "ServiceRoot": "Sessions", "Chassis": "ComputerSystems ManagedBy",
    "PCIeDevice": "Chassis", "MemoryDomain": "CXLLogicalDevices",
    "CXLLogicalDevice": "MemoryDomains MemoryChunks Endpoints",
    "MemoryChunks": "Endpoints CXLLogicalDevices MemoryRegions",
    "ComputerSystem": "Chassis ManagedBy Endpoints", "Memory": "Chassis",
    "Endpoint": "Zones", "Zone": "Endpoints",
    "Connection": "InitiatorEndpoints TargetEndpoints",
    "ConnectionMethod": "AggregationSources", "Task": "CreatedResources",
    "Manager": "ManagerForServers ManagerForChassis", "ManagerAccount": "Role",
}
# What may be in objects within each type, as its schema says; none has more
INNER = {
    "Status": "State Health", "Identifiers": "DurableName DurableNameFormat",
    "Boot": "BootSourceOverrideEnabled",
    "MemoryChunkInfo": "AccessCapabilities MemoryChunk",
    "ConnectedEntities": "EntityLink EntityRole EntityType",
    "SSEFilterPropertiesSupported": "EventFormatType MessageId "
        "MetricReportDefinition OriginResource RegistryPrefix ResourceType "
        "SubordinateResources",
    "Location": "Language PublicationUri",
    "MemoryExtents": "ExtentOffsetMiB ExtentSizeMiB SequenceNumber Tag",
    "MemoryRegion/MemoryChunks": "ChunkLink ChunkOffsetMiB",
    "CXLDevice": "DeviceType MaxNumberLogicalDevices",
    "ProtocolFeaturesSupported": "DeepOperations ExcerptQuery ExpandQuery "
        "FilterQuery OnlyMemberQuery SelectQuery",
    "ExpandQuery": "ExpandAll Levels Links MaxLevels NoLinks",
    "DeepOperations": "DeepPATCH DeepPOST",
    "Payload": "HttpHeaders HttpOperation JsonBody TargetUri",
    "Messages": "@odata.type Message MessageArgs MessageId MessageSeverity "
        "Resolution", "Actions": "",
}
# What each type may be asked for besides GET and HEAD
METHODS = {
    "MemoryChunksCollection": "POST", "ConnectionCollection": "POST",
    "SessionCollection": "POST", "EventDestinationCollection": "POST",
    "MemoryChunks": "PATCH DELETE", "Connection": "PATCH DELETE",
    "Session": "DELETE", "Task": "DELETE",
    "EventDestination": "PATCH DELETE",
}
# Where each type may be, as its schema says
PLACES = {
    "MemoryChunks": r"/Chassis/[^/]+/MemoryDomains/[^/]+/MemoryChunks/[^/]+",
    "MemoryDomain": r"/Chassis/[^/]+/MemoryDomains/[^/]+",
    "PCIeDevice": r"/Chassis/[^/]+/PCIeDevices/[^/]+",
    "CXLLogicalDevice": r"/Chassis/[^/]+/PCIeDevices/[^/]+/CXLLogicalDevices/"
                        r"[^/]+",
    "MemoryRegion": r"/Chassis/[^/]+/PCIeDevices/[^/]+/CXLLogicalDevices/[^/]+"
                    r"/MemoryRegions/[^/]+",
    "ComputerSystem": r"/Systems/[^/]+", "Chassis": r"/Chassis/[^/]+",
    "Memory": r"/Systems/[^/]+/Memory/[^/]+", "Fabric": r"/Fabrics/[^/]+",
    "Endpoint": r"/Fabrics/[^/]+/Endpoints/[^/]+",
    "Zone": r"/Fabrics/[^/]+/Zones/[^/]+",
    "Connection": r"/Fabrics/[^/]+/Connections/[^/]+",
    "Task": r"/TaskService/Tasks/[^/]+",
    "Session": r"/SessionService/Sessions/[^/]+",
    "ManagerAccount": r"/AccountService/Accounts/[^/]+",
    "Role": r"/AccountService/Roles/[^/]+", "Manager": r"/Managers/[^/]+",
    "EventDestination": r"/EventService/Subscriptions/[^/]+",
    "JsonSchemaFile": r"/JsonSchemas/[^/]+",
    "MessageRegistryFile": r"/Registries/[^/]+",
}


def links(node):
    """All paths that @node has links to"""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "@odata.id":
                yield value
            else:
                yield from links(value)
    elif isinstance(node, list):
        for one in node:
            yield from links(one)


def values(node, where=""):
    """(path, key, value) of everything that is no object"""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                yield from values(value, f"{where}/{key}")
            else:
                yield f"{where}/{key}", key, value
    elif isinstance(node, list):
        for n, one in enumerate(node):
            yield from values(one, f"{where}/{n}")


def inner_faults(kind, node, where=""):
    """What objects within a resource have that their type has not

    A link has nothing but where it leads.
    """
    for key, value in node.items():
        if key in ("Oem", "Links"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                continue
            may = INNER.get(f"{kind}/{key}", INNER.get(key, "@odata.id"))
            if set(one) == {"@odata.id"}:
                continue
            for more in sorted(set(one) - set(may.split())):
                yield f"{where}/{key} has {more}"
            yield from inner_faults(kind, one, f"{where}/{key}")


def faults(path, node):
    """What is wrong with the resource that is at @path"""
    kind = node.get("@odata.type", "")
    match = re.fullmatch(r"#(\w+)(\.v\d+_\d+_\d+)?\.(\w+)", kind)
    if not match or match[1] != match[3]:
        yield f"@odata.type {kind!r} is none"
        return
    if node.get("@odata.id") != path:
        yield f"@odata.id is {node.get('@odata.id')!r}"
    if match[2] is None:
        need, may = COMMON - {"Id"}, COLLECTION
        if not match[1].endswith("Collection"):
            yield f"{kind} has no version"
        if node.get("Members@odata.count") != len(node.get("Members", ())):
            yield "Members@odata.count is wrong"
    else:
        words = PROPERTIES.get(match[1] + match[2], None)
        if words is None:
            yield f"{kind}: not in the table of this test"
            return
        need = COMMON | {w[1:] for w in words.split() if w[0] == "!"}
        may = {w.lstrip("!") for w in words.split()}
    for key in sorted(need - set(node)):
        yield f"{key} is missing"
    for key in sorted(set(node) - need - may - MAY):
        yield f"{key} is not of {kind}"
    if match[1] in PLACES and not re.fullmatch(ROOT + PLACES[match[1]], path):
        yield f"a {match[1]} cannot be there"
    for key in set(node.get("Links", ())) - set(
            LINKS.get(match[1], "").split()):
        yield f"Links/{key} is not of {kind}"
    yield from inner_faults(match[1], node)
    last = path.rstrip("/").rsplit("/", 1)[1]
    if match[1] in PLACES and node.get("Id") != last:
        yield f"Id {node.get('Id')!r} is not the end of its path"
    for where, key, value in values(node):
        if key.endswith("Time") and not re.fullmatch(TIME, value):
            yield f"{where}: {value!r} is no time"
        # What nobody can write says something or is left out.
        if value == "" and key not in EMPTY:
            yield f"{where}: an empty text"
        if key in WORDS and "/Oem/" not in where and value not in WORDS[key]:
            yield f"{where}: {value!r} is no word of its list"
        if key.endswith("MiB") and not (value is None or
                                        isinstance(value, int)):
            yield f"{where}: {value!r} is no number of MiB"


def walk(get, begin=ROOT + "/"):
    """Read all of it; {path: node} and a list of faults.

    @get: takes a path, gives status, headers, and the object.
    """
    seen, wrong, ahead = {}, [], [begin]
    while ahead:
        path = ahead.pop()
        status, headers, node = get(path)
        if status != 200:
            wrong.append(f"{path}: {status}")
            continue
        seen[path] = node
        if headers.get("OData-Version") != "4.0":
            wrong.append(f"{path}: no OData-Version")
        if "GET" not in headers.get("Allow", ""):
            wrong.append(f"{path}: no Allow")
        if not headers.get("ETag"):
            wrong.append(f"{path}: no ETag")
        if node.get("@odata.etag") != headers.get("ETag"):
            wrong.append(f"{path}: @odata.etag is not its ETag")
        kind = node.get("@odata.type", "#").split(".")
        if not set(headers.get("Allow", "").split(", ")) <= {
                "GET", "HEAD", *METHODS.get(kind[-1], "").split()}:
            wrong.append(f"{path}: Allow is {headers['Allow']}")
        name = kind[0][1:] + (f".{kind[1]}" if len(kind) == 3 else "")
        if f"/{name}.json>; rel=describedby" not in headers.get("Link", ""):
            wrong.append(f"{path}: Link is {headers.get('Link')!r}")
        wrong += [f"{path}: {fault}" for fault in faults(path, node)]
        ahead += [one for one in dict.fromkeys(links(node))
                  if one not in seen and one not in ahead]
    return seen, wrong


EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
KINDS = {"Edm.String": str, "Edm.Int64": int, "Edm.Boolean": bool}


def own_names(text, name):
    """The pattern of properties that @name may have besides; None: of none"""
    for one in ElementTree.fromstring(text).iter(f"{EDM}ComplexType"):
        said = {p.get("Property"): p.get("String") for p in
                one.iter(f"{EDM}PropertyValue")}
        if one.get("Name") == name and said.get("Type") == "Edm.String":
            return said["Pattern"]
    return None


def own_types(text):
    """{name: {property: type}} of a schema in CSDL"""
    types = {}
    for schema in ElementTree.fromstring(text).iter(f"{EDM}Schema"):
        for one in schema.iter(f"{EDM}ComplexType"):
            types[f"{schema.get('Namespace')}.{one.get('Name')}"] = {
                p.get("Name"): p.get("Type")
                for p in one.iter(f"{EDM}Property")}
    return types


def own_faults(types, where, kind, value):
    """What is wrong with @value, which should be of type @kind"""
    if kind.startswith("Collection("):
        if not isinstance(value, list):
            yield f"{where}: no list"
            return
        for n, one in enumerate(value):
            yield from own_faults(types, f"{where}/{n}", kind[11:-1], one)
    elif kind in KINDS:
        # bool is an int of Python's
        if value is not None and type(value) is not KINDS[kind]:
            yield f"{where}: {value!r} is no {kind}"
    else:
        for key, one in value.items():
            if key == "@odata.type":
                continue
            if key not in types[kind]:
                yield f"{where}: {kind} has no {key}"
            else:
                yield from own_faults(types, f"{where}/{key}",
                                      types[kind][key], one)


def message(answer):
    """The key of the message that an error has; "" when it is none"""
    try:
        info, = answer.json()["error"]["@Message.ExtendedInfo"]
        match = re.fullmatch(r"Base\.\d+\.\d+\.(\w+)", info["MessageId"])
        assert answer.json()["error"]["code"] == info["MessageId"]
        assert "%" not in info["Message"] and info["Resolution"]
        assert info["MessageSeverity"] in ("OK", "Warning", "Critical")
        return match[1]
    except (ValueError, KeyError, TypeError, AssertionError):
        return ""


class Red(Fleet):
    """The fleet, asked over Redfish"""

    def read(self, path):
        answer = self.get(path)
        return answer.status, answer.headers, answer.json()

    def node(self, path):
        status, _, node = self.read(path)
        if status != 200:
            raise Failed(f"{path}: {status}")
        return node

    def chunks(self):
        """The path of the chunks of the first pool's first region"""
        pool = self.node(f"{ROOT}/Chassis")["Members"][0]["@odata.id"]
        domain = self.node(f"{pool}/MemoryDomains")["Members"][0]["@odata.id"]
        return self.node(domain)["MemoryChunks"]["@odata.id"]

    def end(self, name):
        return {"@odata.id": f"{ROOT}/Fabrics/CXL/Endpoints/I.{name}"}

    def post(self, body, *hosts, region=0, **headers):
        body = dict({"AddressRangeType": "Volatile"}, **body)
        if hosts:
            body["Links"] = {"Endpoints": [self.end(h) for h in hosts]}
        path = self.chunks().replace("/MemoryDomains/0/",
                                     f"/MemoryDomains/{region}/")
        return self.ask("POST", path, body, **headers)

    def done(self, answer, state="Completed"):
        """Until the task of @answer is over; gives it"""
        task = answer.json()["@odata.id"]
        until(lambda: "EndTime" in self.node(task), LIMIT)
        node = self.node(task)
        self.checks.equal(node["TaskState"], state, f"the task is {state}")
        return node

    def chunk(self, mib=16, *hosts, region=0, **members):
        """A chunk that is there, for vm1 if no other; its path"""
        answer = self.post(dict({"MemoryChunkSizeMiB": mib}, **members),
                           *(hosts or ["vm1"]), region=region)
        if answer.status != 202:
            raise Failed(f"no chunk: {answer}")
        node = self.done(answer)
        return node["Links"]["CreatedResources"][0]["@odata.id"]

    def refuses(self, status, key, method, path, body=None, **headers):
        answer = self.ask(method, path, body, **headers)
        self.checks.equal((answer.status, message(answer)), (status, key),
                          f"{method} {path[-60:]} {repr(body)[:60]} "
                          f"{repr(headers)[:40]} gives {status} {key}")
        return answer


def main(*tests):
    run_tests([t for t in tests if t.__name__ in sys.argv[1:]] or tests, Red)
