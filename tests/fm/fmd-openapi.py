# SPDX-License-Identifier: GPL-2.0-or-later
"""The OpenAPI document of cxl-fmd: whole, and true"""

import re
import uuid

from fleettest import TOKENS, main
from fmtest import until

NOBODY = str(uuid.UUID(int=1))


def resolve(document, schema):
    while "$ref" in schema:
        node = document
        for part in schema["$ref"].split("/")[1:]:
            node = node[part]
        schema = node
    return schema


TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def fits(document, schema, value, where="$"):
    """Yields what of @value is not as @schema says."""
    schema = resolve(document, schema)
    if value is None:
        if not schema.get("nullable"):
            yield f"{where} is null"
        return
    for part in schema.get("allOf", ()):
        yield from fits(document, part, value, where)
    if "oneOf" in schema and sum(not list(fits(document, part, value))
                                 for part in schema["oneOf"]) != 1:
        yield f"{where} is none of oneOf: {value!r}"
    kind = schema.get("type")
    if kind == "integer":
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{where} is no integer: {value!r}"
    elif kind == "number":
        if not isinstance(value, (int, float)):
            yield f"{where} is no number: {value!r}"
    elif kind and not isinstance(value, TYPES[kind]):
        yield f"{where} is no {kind}: {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is none of {schema['enum']}: {value!r}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where} does not match: {value!r}"
    if kind == "array":
        for n, one in enumerate(value):
            yield from fits(document, schema.get("items", {}), one,
                            f"{where}[{n}]")
    if kind == "object":
        known = schema.get("properties", {})
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{where}.{key} is missing"
        for key, one in value.items():
            extra = schema.get("additionalProperties", True)
            if key in known:
                yield from fits(document, known[key], one, f"{where}.{key}")
            elif extra is False:
                yield f"{where}.{key} is not described"
            elif isinstance(extra, dict):
                yield from fits(document, extra, one, f"{where}.{key}")


def refs(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for one in node.values():
            yield from refs(one)
    elif isinstance(node, list):
        for one in node:
            yield from refs(one)


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def description(f):
    """The OpenAPI document is whole, and what it says of paths is true."""
    document = f.get("/v1/openapi.json").json()
    f.checks.equal(document["openapi"], "3.0.3", "version of OpenAPI")
    for ref in set(refs(document)):
        f.checks.that(resolve(document, {"$ref": ref}) is not None,
                      f"{ref} is there")
    names = [o["operationId"] for _, _, o in operations(document)]
    f.checks.equal(len(names), len(set(names)), "operations have names of "
                   "their own")
    for path, method, operation in operations(document):
        declared = {p["name"] for p in operation.get("parameters", ())
                    if p["in"] == "path"}
        f.checks.equal(declared, set(re.findall(r"{(\w+)}", path)),
                       f"{method} {path}: parameters of the path")
        f.checks.that(operation["responses"] and
                      operation["x-role"] in ("nobody", *TOKENS),
                      f"{method} {path}: answers and a role")
    for path, item in document["paths"].items():
        answer = f.ask("OPTIONS", re.sub(r"{\w+}", "x", path))
        f.checks.equal((answer.status, sorted(answer.headers.get(
            "Allow", "").split(", "))), (405, sorted(m.upper() for m in item)),
            f"{path}: what it can do is what is described")


def described_answers(f):
    """What is answered is as described."""
    document = f.get("/v1/openapi.json").json()
    bound, vain = f.claim(host="vm1"), f.claim("4G", host="vm2")
    f.reaches(bound, "Bound")
    pool = f.get("/v1/pools").json()["pools"][0]["uuid"]
    host = f.get("/v1/hosts").json()["hosts"][0]["uuid"]
    f.expect(0, "add", "2M", "--tag", "random", "-d", "vm1", "--wait")
    until(lambda: f.get("/v1/orphans").json()["orphans"])
    for real in ("/v1/health", "/v1/pools", f"/v1/pools/{pool}", "/v1/orphans",
                 "/v1/hosts", f"/v1/hosts/{host}", "/v1/claims", bound, vain,
                 "/v1/me", "/v1/devices", f"/v1/devices/{host}/snapshot"):
        path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{uuid}", real)
        path = path.replace("devices/{uuid}", "devices/{device}")
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]
        wrong = list(fits(document, schema["application/json"]["schema"],
                          f.get(real).json()))
        f.checks.equal(wrong, [], f"GET {path} is as described")
    for answer in (f.get("/nope"), f.get(f"/v1/claims/{NOBODY}"),
                   f.ask("PUT", vain, {"bytes": 1, "byts": 2}),
                   f.ask("POST", f"/v1/devices/{host}/add",
                         {"length": 1 << 62, "host": 1})):
        wrong = list(fits(document, {"$ref": "#/components/schemas/Error"},
                          answer.json()))
        f.checks.equal(wrong, [], f"an error {answer.status} is as described")


def roles(f):
    """Who may do what is as described, on every path."""
    document = f.get("/v1/openapi.json").json()
    order = ["nobody", "reader", "user", "admin"]
    for path, method, operation in operations(document):
        if path == "/v1/events":
            continue              # it would not end
        real = path.replace("{uuid}", NOBODY).replace("{device}", "none")
        needed = order.index(operation["x-role"])
        for n, role in enumerate(order):
            body = {} if "requestBody" in operation else None
            answer = f.token(TOKENS.get(role), method, real, body)
            want = (401,) if n == 0 else (403,)
            f.checks.equal(answer.status in want, n < needed,
                           f"{method} {path} as {role}: {answer.status}")
    for path in ("/healthz", "/readyz"):
        f.checks.equal(f.token(None, "GET", path).body, b"ok\n",
                       f"{path} tells nothing but this")


roles.tcp = True


if __name__ == "__main__":
    main(description, described_answers, roles)
