"""How the bytes of a message become columns."""
# mypy: ignore-errors
# ruff: noqa: N812, F821, ARG001

from pyspark.sql import functions as F


# --- carried ---
def json_value(column, schema, options):
    """JSON text as a struct."""
    return F.from_json(column.cast("string"), schema, options)


def text_value(column, schema, options):
    """The text itself, in a struct of its own."""
    return F.struct(column.cast("string").alias("text"))


def avro_value(column, schema, options, registry=None):
    """Avro as a struct: of a given schema, or of the one whose number the value begins with."""
    from pyspark.sql.avro.functions import from_avro

    if registry is None:
        return from_avro(column, schema, options)
    if RUNTIME == "databricks":
        return from_avro(
            data=column,
            options={**options, **registry_login(registry)},
            subject=registry["subject"],
            schemaRegistryAddress=registry["url"],
        )
    written = registry_schemas(registry)
    latest = {**options, "avroSchema": written[max(written)]}
    number = F.conv(F.hex(F.substring(column, 2, 4)), 16, 10).cast("bigint")
    body = F.substring(column, 6, 2**31 - 1)
    value = F.raise_error("a value of no schema of the registry").cast("void")
    value = value if options["mode"] == "FAILFAST" else F.lit(None)
    for known, text in written.items():
        value = F.when(number == known, from_avro(body, text, latest)).otherwise(value)
    return value


def protobuf_value(column, schema, options, registry=None):
    """Protobuf as a struct: of a descriptor set in base64, or as a registry has it."""
    import base64

    from pyspark.sql.protobuf.functions import from_protobuf

    message, given = schema["message"], schema["descriptors"]
    if RUNTIME != "databricks":
        files = [base64.b64decode(given)] if registry is None else registry_files(registry)
        reader = ProtobufReader(
            message, files, options["mode"] == "FAILFAST", registry is not None, schema["columns"]
        )
        return F.udf(reader.read, f"struct<{schema['columns']}>")(column)
    options = {**options, "emit.default.values": "true"}
    if registry is None:
        files = base64.b64decode(given)
        return from_protobuf(column, message, options=options, binaryDescriptorSet=files)
    place = {
        "schema.registry.address": registry["url"],
        "schema.registry.subject": registry["subject"],
    }
    name = {} if message is None else {"schema.registry.protobuf.name": message}
    return from_protobuf(column, options={**options, **place, **name, **registry_login(registry)})


def registry_login(registry):
    """Options for the login at a schema registry."""
    if registry["username"] is None:
        return {}
    return {
        "confluent.schema.registry.basic.auth.credentials.source": "USER_INFO",
        "confluent.schema.registry.basic.auth.user.info": (
            f"{registry['username']}:{registry['password']}"
        ),
    }


def registry_answer(registry, path, sent=None):
    """What a schema registry says about its subject, or to what is sent there."""
    import base64
    import json
    from urllib.parse import quote
    from urllib.request import Request, urlopen

    subject = quote(registry["subject"], safe="")
    body = None if sent is None else json.dumps(sent).encode()
    request = Request(f"{registry['url']}/subjects/{subject}/versions{path}", body)
    request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
    if registry["username"] is not None:
        login = f"{registry['username']}:{registry['password']}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def registry_schemas(registry):
    """All schemas of a registry's subject by their numbers."""
    versions = [registry_answer(registry, f"/{v}") for v in registry_answer(registry, "")]
    return {version["id"]: version["schema"] for version in versions}


def registry_files(registry):
    """The newest Protobuf schema of a registry's subject, as a descriptor set."""
    import base64

    newest = registry_answer(registry, "/latest?format=serialized")
    if newest.get("references"):
        raise ValueError("schemas that import others are read on Databricks only")
    from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

    file = FileDescriptorProto.FromString(base64.b64decode(newest["schema"]))
    return [FileDescriptorSet(file=[file]).SerializeToString()]


def message_class(descriptors, name):
    """The Python library's class of a message; without a name, of the first in the last file."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file
    for file in files:
        pool.Add(file)
    first = files[-1]
    name = name or f"{first.package}.{first.message_type[0].name}".strip(".")
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


class ProtobufReader:
    """Reads messages with the Python library, where Spark's own reader is not at hand."""

    def __init__(self, message, files, strict, numbered, columns):
        from pyspark.sql.types import StructType

        self.message, self.files, self.strict, self.numbered = message, files, strict, numbered
        self.columns = StructType.fromDDL(columns)
        self.kind = None

    def read(self, value):
        """One message as a row; None where it cannot be read."""
        from google.protobuf.message import DecodeError

        if value is None:
            return None
        try:
            return self.row(self.parsed(bytes(value)), self.columns)
        except (DecodeError, ValueError):
            if self.strict:
                raise
            return None

    def parsed(self, value):
        """The message in some bytes."""
        if self.kind is None:
            self.kind = message_class(self.files[0], self.message)
        return self.kind.FromString(self.body(value) if self.numbered else value)

    def body(self, value):
        """What follows the number of the schema and the place of the message in it."""
        if value[:1] != b"\0" or len(value) < 6:
            raise ValueError("a value that does not begin with the number of its schema")
        places, at = [], 5
        while not places or len(places) <= places[0]:
            number = shift = 0
            while True:
                if at >= len(value):
                    raise ValueError("a value that ends too early")
                byte = value[at]
                number |= (byte & 127) << shift
                at, shift = at + 1, shift + 7
                if byte < 128:
                    break
            places.append((number >> 1) ^ -(number & 1))
        found = self.kind.DESCRIPTOR.file.message_types_by_name.values()
        found = list(found)[places[1] if len(places) > 1 else 0]
        for place in places[2:]:
            found = found.nested_types[place]
        if found.full_name != self.kind.DESCRIPTOR.full_name:
            raise ValueError(f"a value that is a {found.full_name}")
        return value[at:]

    def row(self, message, schema):
        """A message as a tuple of the fields asked for."""
        fields = message.DESCRIPTOR.fields_by_name
        return tuple(
            self.field(message, fields[c.name], c.dataType) if c.name in fields else None
            for c in schema.fields
        )

    def field(self, message, field, kind):
        """One field; None where it is known to be absent."""
        if field.has_presence and not message.HasField(field.name):
            return None
        value = getattr(message, field.name)
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            named = inner.fields_by_name["value"]
            return {k: self.value(value[k], named, kind.valueType) for k in sorted(value)}
        if field.is_repeated:
            return [self.value(item, field, kind.elementType) for item in value]
        return self.value(value, field, kind)

    def value(self, value, field, kind):
        """One value as Spark's rows have it."""
        import datetime as dt

        if field.enum_type is not None:
            named = field.enum_type.values_by_number.get(value)
            return str(value) if named is None else named.name
        if field.message_type is None:
            return value
        if field.message_type.full_name == "google.protobuf.Timestamp":
            return value.ToDatetime(tzinfo=dt.UTC)
        return self.row(value, kind)
