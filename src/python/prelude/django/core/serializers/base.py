"""What the formats share: which fields are written, and what comes back."""


class SerializerDoesNotExist(KeyError):
    """The requested serializer was not found."""


class SerializationError(Exception):
    """Something bad happened during serialization."""


class DeserializationError(Exception):
    """Something bad happened during deserialization."""

    @classmethod
    def WithData(cls, original_exc, model, fk, field_value):
        return cls("%s: (%s:pk=%s) field_value was '%s'" % (original_exc, model, fk, field_value))


class M2MDeserializationError(Exception):
    def __init__(self, original_exc, pk):
        self.original_exc = original_exc
        self.pk = pk


class Serializer:
    """Goes over objects and their fields; a format says what becomes of them."""

    internal_use_only = False

    def serialize(self, queryset, *, stream=None, fields=None, use_natural_foreign_keys=False,
                  use_natural_primary_keys=False, progress_output=None, object_count=0, **options):
        self.options = options
        if stream is None:
            import io

            stream = io.StringIO()
        self.stream = stream
        self.selected_fields = fields
        self.use_natural_foreign_keys = use_natural_foreign_keys
        self.use_natural_primary_keys = use_natural_primary_keys
        self.start_serialization()
        self.first = True
        for obj in queryset:
            self.start_object(obj)
            options_of = obj._meta.concrete_model._meta
            for field in options_of.local_fields:
                if not self._wanted(field):
                    continue
                if field.remote_field is None:
                    self.handle_field(obj, field)
                else:
                    self.handle_fk_field(obj, field)
            for field in options_of.local_many_to_many:
                if self._wanted(field):
                    self.handle_m2m_field(obj, field)
            self.end_object(obj)
            self.first = False
        self.end_serialization()
        return self.getvalue()

    def _wanted(self, field):
        if not field.serialize:
            return False
        chosen = self.selected_fields
        return chosen is None or field.name in chosen or field.attname in chosen

    def start_serialization(self):
        pass

    def end_serialization(self):
        pass

    def _natural(self, obj):
        """The natural key that takes the place of a primary key, if one shall and there is one."""
        if self.use_natural_foreign_keys and hasattr(obj, "natural_key"):
            return obj.natural_key()
        return None

    def _shows_pk(self, obj):
        return not (self.use_natural_primary_keys and hasattr(obj, "natural_key"))

    def getvalue(self):
        if callable(getattr(self.stream, "getvalue", None)):
            return self.stream.getvalue()
        return None


class DeserializedObject:
    """An object that is not yet saved, and what it is to be linked to."""

    def __init__(self, obj, m2m_data=None, deferred_fields=None):
        self.object = obj
        self.m2m_data = m2m_data
        self.deferred_fields = deferred_fields

    def __repr__(self):
        return "<%s: %s(pk=%s)>" % (type(self).__name__, self.object._meta.label, self.object.pk)

    def save(self, save_m2m=True, using=None, **kwargs):
        self.object.save_base(raw=True, **kwargs)
        if self.m2m_data and save_m2m:
            for accessor_name, object_list in self.m2m_data.items():
                getattr(self.object, accessor_name).set(object_list)
        self.m2m_data = None

    def save_deferred_fields(self, using=None):
        self.m2m_data = {}
        for field, value in self.deferred_fields.items():
            opts = self.object._meta
            label = "%s.%s" % (opts.app_label, opts.model_name)
            if field.many_to_many:
                self.m2m_data[field.name] = links(field, value, label, self.object.pk)
            else:
                setattr(self.object, field.attname, reference(field, value, label, self.object.pk))
        self.save()


def _is_natural(model, value):
    return (
        hasattr(model._default_manager, "get_by_natural_key")
        and hasattr(value, "__iter__")
        and not isinstance(value, str)
    )


def reference(field, value, label, pk):
    """The primary key that a foreign key's value means."""
    if value is None:
        return None
    model = field.related_model
    try:
        if _is_natural(model, value):
            return model._default_manager.get_by_natural_key(*value).pk
        return model._meta.pk.to_python(value)
    except Exception as error:
        raise DeserializationError.WithData(error, label, pk, value)


def links(field, values, label, pk):
    """The primary keys that the values of a many-to-many field mean."""
    model = field.related_model
    found = []
    value = None
    try:
        for value in values:
            if _is_natural(model, value):
                found.append(model._default_manager.get_by_natural_key(*value).pk)
            else:
                found.append(model._meta.pk.to_python(value))
    except Exception as error:
        raise DeserializationError.WithData(error, label, pk, value)
    return found


def build_instance(Model, data, db=None):
    """An object of these values; one without a primary key takes that of the row with the same natural key."""
    pk_name = Model._meta.pk.attname
    if data.get(pk_name) is None and hasattr(Model._default_manager, "get_by_natural_key"):
        natural_key = getattr(Model(**data), "natural_key", lambda: ())()
        try:
            data[pk_name] = Model._default_manager.get_by_natural_key(*natural_key).pk
        except Model.DoesNotExist:
            pass
    return Model(**data)


def model_of(identifier):
    from django.apps import apps

    try:
        return apps.get_model(identifier)
    except (LookupError, TypeError, AttributeError):
        raise DeserializationError("Invalid model identifier: %s" % identifier)
