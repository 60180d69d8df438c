"""Rows as JSON, one on each line."""

import json

from django.core.serializers import base
from django.core.serializers.json import DjangoJSONEncoder
from django.core.serializers.json import Serializer as JSONSerializer
from django.core.serializers.python import Deserializer as PythonDeserializer


class Serializer(JSONSerializer):
    def start_serialization(self):
        self._init_options()
        self.json_kwargs.pop("indent", None)
        self.json_kwargs["separators"] = (",", ": ")
        self.json_kwargs["cls"] = DjangoJSONEncoder

    def end_serialization(self):
        pass

    def end_object(self, obj):
        self.stream.write(json.dumps(self.get_dump_object(obj), **self.json_kwargs) + "\n")
        self._current = None


class Deserializer(PythonDeserializer):
    def __init__(self, stream_or_string, **options):
        text = stream_or_string
        if isinstance(text, bytes):
            text = text.decode()
        self._lines = text.splitlines() if isinstance(text, str) else text
        super().__init__(self._documents(), **options)

    def _documents(self):
        for line in self._lines:
            line = line.decode() if isinstance(line, bytes) else line
            if line.strip():
                try:
                    yield json.loads(line)
                except Exception as error:
                    raise base.DeserializationError() from error
