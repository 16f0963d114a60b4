"""How columns become the bytes of a message."""
# mypy: ignore-errors
# ruff: noqa: N812, F821

from pyspark.sql import functions as F


# --- carried ---
def avro_bytes(column, schema, registry=None):
    """A struct as Avro of a schema; with a registry, behind the number the schema has there."""
    from pyspark.sql.avro.functions import to_avro

    body = to_avro(column, schema)
    if registry is None:
        return body
    number = registry_answer(registry, "", {"schema": schema})["id"]
    return F.concat(F.lit(bytearray(b"\0" + number.to_bytes(4, "big"))), body)


def protobuf_bytes(column, schema):
    """A struct as Protobuf of a descriptor set in base64."""
    import base64

    from pyspark.sql.protobuf.functions import to_protobuf

    files = base64.b64decode(schema["descriptors"])
    if RUNTIME != "databricks":
        return F.udf(ProtobufWriter(schema["message"], files).write, "binary")(column)
    return to_protobuf(column, schema["message"], binaryDescriptorSet=files)


class ProtobufWriter:
    """Writes messages with the Python library, where Spark's own writer is not at hand."""

    def __init__(self, message, descriptors):
        self.message, self.descriptors = message, descriptors
        self.kind = None

    def write(self, row):
        """A row as the bytes of a message; what is NULL is not set."""
        if self.kind is None:
            self.kind = message_class(self.descriptors, self.message)
        made = self.kind()
        self.fill(made, row)
        return made.SerializeToString(deterministic=True)

    def fill(self, message, row):
        """Set the fields that a row has values for."""
        for name, value in row.asDict().items():
            if value is not None:
                self.set(message, message.DESCRIPTOR.fields_by_name[name], value)

    def set(self, message, field, value):
        """Set one field."""
        inner, target = field.message_type, getattr(message, field.name)
        if inner is not None and inner.GetOptions().map_entry:
            named = inner.fields_by_name["value"]
            for key, item in value.items():
                if named.message_type is None:
                    target[key] = self.plain(item, named)
                else:
                    self.put(target[key], item)
        elif field.is_repeated and inner is None:
            target.extend(self.plain(item, field) for item in value)
        elif field.is_repeated:
            for item in value:
                self.put(target.add(), item)
        elif inner is not None:
            self.put(target, value)
        else:
            setattr(message, field.name, self.plain(value, field))

    def put(self, message, value):
        """Set a message to a row or a time; it is there even if all of it is NULL."""
        import datetime as dt

        message.SetInParent()
        if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
            message.FromDatetime(value.astimezone(dt.UTC))
        else:
            self.fill(message, value)

    def plain(self, value, field):
        """One value as the library takes it."""
        if field.enum_type is not None:
            return field.enum_type.values_by_name[value].number
        return bytes(value) if field.type == field.TYPE_BYTES else value
