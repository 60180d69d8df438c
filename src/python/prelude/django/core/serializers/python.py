"""Rows as dictionaries."""

from django.core.serializers import base
from django.utils.encoding import is_protected_type


class Serializer(base.Serializer):
    internal_use_only = True

    def start_serialization(self):
        self._current = None
        self.objects = []

    def start_object(self, obj):
        self._current = {}

    def end_object(self, obj):
        self.objects.append(self.get_dump_object(obj))
        self._current = None

    def get_dump_object(self, obj):
        data = {"model": str(obj._meta)}
        if self._shows_pk(obj):
            data["pk"] = self._value_from_field(obj, obj._meta.pk)
        data["fields"] = self._current
        return data

    def _value_from_field(self, obj, field):
        if field.name == "user" and field.primary_key:
            return obj.pk
        value = field.value_from_object(obj)
        return value if is_protected_type(value) else field.value_to_string(obj)

    def handle_field(self, obj, field):
        self._current[field.name] = self._value_from_field(obj, field)

    def handle_fk_field(self, obj, field):
        value = None
        if self.use_natural_foreign_keys and hasattr(field.related_model, "natural_key"):
            related = getattr(obj, field.name)
            value = related.natural_key() if related else None
        else:
            value = self._value_from_field(obj, field)
        self._current[field.name] = value

    def handle_m2m_field(self, obj, field):
        related = getattr(obj, field.name)
        if self.use_natural_foreign_keys and hasattr(field.related_model, "natural_key"):
            self._current[field.name] = [one.natural_key() for one in related.all()]
        else:
            self._current[field.name] = list(related.values_list("pk", flat=True))

    def getvalue(self):
        return self.objects


class Deserializer:
    def __init__(self, object_list, *, using="default", ignorenonexistent=False, handle_forward_references=False,
                 **options):
        self.object_list = object_list
        self.ignorenonexistent = ignorenonexistent
        self.handle_forward_references = handle_forward_references
        self._objects = self._read()

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._objects)

    def _read(self):
        for data in self.object_list:
            try:
                model = base.model_of(data["model"])
            except base.DeserializationError:
                if self.ignorenonexistent:
                    continue
                raise
            yield self._object(model, data)

    def _object(self, model, data):
        options = model._meta
        values, m2m, deferred = {}, {}, {}
        pk = data.get("pk")
        if "pk" in data:
            try:
                values[options.pk.attname] = options.pk.to_python(pk)
            except Exception as error:
                raise base.DeserializationError.WithData(error, data["model"], pk, None)
        names = {f.name for f in options.get_fields()}
        for name, value in data["fields"].items():
            if name not in names and self.ignorenonexistent:
                continue
            field = options.get_field(name)
            if field.many_to_many:
                where = lambda: m2m.__setitem__(field.name, base.links(field, value, data["model"], pk))
            elif field.is_relation:
                where = lambda: values.__setitem__(field.attname, base.reference(field, value, data["model"], pk))
            else:
                try:
                    values[field.name] = field.to_python(value)
                except Exception as error:
                    raise base.DeserializationError.WithData(error, data["model"], pk, value)
                continue
            try:
                where()
            except base.DeserializationError:
                if not self.handle_forward_references:
                    raise
                deferred[field] = value
        return base.DeserializedObject(base.build_instance(model, values), m2m, deferred)
