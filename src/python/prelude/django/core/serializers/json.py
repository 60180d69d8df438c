"""Rows as JSON."""

import datetime
import json

from django.core.serializers import base
from django.core.serializers.python import Deserializer as PythonDeserializer
from django.core.serializers.python import Serializer as PythonSerializer


class DjangoJSONEncoder(json.JSONEncoder):
    """Dates and times as ECMAScript writes them: with milliseconds."""

    def default(self, o):
        if isinstance(o, datetime.datetime):
            text = o.isoformat()
            if o.microsecond:
                text = text[:23] + text[26:]
            return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
        if isinstance(o, datetime.date):
            return o.isoformat()
        if isinstance(o, datetime.time):
            if o.utcoffset() is not None:
                raise ValueError("JSON can't represent timezone-aware times.")
            text = o.isoformat()
            return text[:12] if o.microsecond else text
        if isinstance(o, datetime.timedelta):
            from django.utils.duration import duration_iso_string

            return duration_iso_string(o)
        from django.utils.functional import Promise

        if isinstance(o, Promise) or type(o).__name__ in ("Decimal", "UUID"):
            return str(o)
        return super().default(o)


class Serializer(PythonSerializer):
    internal_use_only = False

    def _init_options(self):
        self._current = None
        self.json_kwargs = {**self.options}
        self.json_kwargs.pop("stream", None)
        self.json_kwargs.pop("fields", None)
        if self.options.get("indent"):
            self.json_kwargs["separators"] = (",", ": ")
        self.json_kwargs.setdefault("cls", DjangoJSONEncoder)
        self.json_kwargs.setdefault("ensure_ascii", False)

    def start_serialization(self):
        self._init_options()
        self.stream.write("[")

    def end_serialization(self):
        if self.options.get("indent"):
            self.stream.write("\n")
        self.stream.write("]")
        if self.options.get("indent"):
            self.stream.write("\n")

    def end_object(self, obj):
        indent = self.options.get("indent")
        if not self.first:
            self.stream.write("," if indent else ", ")
        if indent:
            self.stream.write("\n")
        self.stream.write(json.dumps(self.get_dump_object(obj), **self.json_kwargs))
        self._current = None

    def getvalue(self):
        return base.Serializer.getvalue(self)


class Deserializer(PythonDeserializer):
    def __init__(self, stream_or_string, **options):
        text = stream_or_string
        if not isinstance(text, (bytes, str)):
            text = text.read()
        if isinstance(text, bytes):
            text = text.decode()
        try:
            objects = json.loads(text)
        except Exception as error:
            raise base.DeserializationError() from error
        super().__init__(objects, **options)

    def _read(self):
        try:
            yield from super()._read()
        except (GeneratorExit, base.DeserializationError):
            raise
        except Exception as error:
            raise base.DeserializationError("Error deserializing object: %s" % error) from error
