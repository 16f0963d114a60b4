"""Avro and Protobuf schemas of the events that cases are about."""

from __future__ import annotations

import base64
import json

from google.protobuf import descriptor_pb2, timestamp_pb2

AVRO = json.dumps(
    {
        "type": "record",
        "name": "Event",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "key", "type": ["null", "string"]},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "other", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        ],
    }
)


def descriptors(*messages: str) -> str:
    """A descriptor set in base64: messages with the fields of the Avro schema."""
    library = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(library)
    file = descriptor_pb2.FileDescriptorProto(
        name="event.proto", package="test", syntax="proto3", dependency=[library.name]
    )
    for name in messages:
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(
            (("id", 3), ("key", 9), ("at", 11), ("other", 11)), 1
        ):
            made = message.field.add(name=field, number=number, type=kind, label=1)
            if kind == 11:
                made.type_name = ".google.protobuf.Timestamp"
    found = descriptor_pb2.FileDescriptorSet(file=[library, file])
    return base64.b64encode(found.SerializeToString()).decode()


PROTOBUF = descriptors("Event", "Other")
