"""Fields: what `_meta` says of the columns of a model, and how values are brought into their form."""

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models.fields.columns import Column, Many, RelatedColumn


class NOT_PROVIDED:
    pass


BLANK_CHOICE_DASH = [("", "---------")]


class Field(Column):
    is_relation = False
    many_to_many = many_to_one = one_to_many = one_to_one = None
    related_model = remote_field = None
    concrete = True
    auto_created = False
    editable = True
    serialize = True
    hidden = False
    choices = None
    db_index = False
    empty_values = [None, "", [], (), {}]
    empty_strings_allowed = True
    generated = False

    def __init__(
        self, verbose_name=None, name=None, primary_key=False, max_length=None, unique=False, blank=False, null=False,
        default=NOT_PROVIDED, help_text="", **rest
    ):
        self.verbose_name, self.name, self.attname = verbose_name, name, name
        self.primary_key, self.max_length, self._unique = primary_key, max_length, unique
        self.blank, self.null, self.default, self.help_text = blank, null, default, help_text
        self.model = None
        self.__dict__.update(rest)

    @property
    def unique(self):
        return self._unique or self.primary_key

    @property
    def column(self):
        return self.attname

    db_column = None

    def __repr__(self):
        path = "%s.%s" % (self.__class__.__module__, self.__class__.__qualname__)
        return "<%s: %s>" % (path, self.name) if self.name else "<%s>" % path

    def __str__(self):
        if self.model is None:
            return repr(self)
        return "%s.%s" % (self.model._meta.label, self.name)

    def __eq__(self, other):
        return isinstance(other, Field) and str(self) == str(other) and self.model is other.model

    def __lt__(self, other):
        return str(self) < str(other)

    def __hash__(self):
        return hash(str(self))

    def get_internal_type(self):
        return self.__class__.__name__

    def get_attname(self):
        return self.attname

    def has_default(self):
        return self.default is not NOT_PROVIDED

    def get_default(self):
        if self.has_default():
            return self.default() if callable(self.default) else self.default
        return "" if self.empty_strings_allowed and not self.null else None

    def value_from_object(self, obj):
        return getattr(obj, self.attname)

    def value_to_string(self, obj):
        return str(self.value_from_object(obj))

    def to_python(self, value):
        return value

    def get_prep_value(self, value):
        return self.to_python(value)

    @property
    def validators(self):
        from django.db.models import cleaning

        return cleaning.validators(self)

    @property
    def error_messages(self):
        from django.db.models import cleaning

        return cleaning.messages(self)

    def clean(self, value, model_instance):
        from django.db.models import cleaning

        return cleaning.clean(self, value, model_instance)

    def validate(self, value, model_instance):
        from django.db.models import cleaning

        cleaning.validate(self, value)

    @property
    def flatchoices(self):
        return []

    @property
    def description(self):
        from django.db.models.fields import describing

        return describing.DESCRIPTIONS.get(self.__class__.__name__, "Field of type: %(field_type)s")

    def deconstruct(self):
        from django.db.models.fields import describing

        return describing.deconstruct(self)


class IntegerField(Field):
    empty_strings_allowed = False

    def to_python(self, value):
        if value is None:
            return value
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ValidationError("“%(value)s” value must be an integer.", code="invalid", params={"value": value})


class AutoField(IntegerField):
    pass


class BigAutoField(AutoField):
    pass


class BigIntegerField(IntegerField):
    pass


class SmallIntegerField(IntegerField):
    pass


class PositiveIntegerField(IntegerField):
    pass


class PositiveSmallIntegerField(IntegerField):
    pass


class FloatField(Field):
    empty_strings_allowed = False


class DecimalField(Field):
    empty_strings_allowed = False


class CharField(Field):
    def to_python(self, value):
        return value if value is None or isinstance(value, str) else str(value)


class EmailField(CharField):
    def get_internal_type(self):
        return "CharField"


class SlugField(CharField):
    pass


class URLField(CharField):
    pass


class TextField(CharField):
    pass


class UUIDField(Field):
    pass


class JSONField(Field):
    pass


class BinaryField(Field):
    pass


class GenericIPAddressField(Field):
    pass


class DurationField(Field):
    empty_strings_allowed = False


class BooleanField(Field):
    empty_strings_allowed = False

    def to_python(self, value):
        if self.null and value in self.empty_values:
            return None
        if value in (True, False):
            return bool(value)
        if value in ("t", "True", "1"):
            return True
        if value in ("f", "False", "0"):
            return False
        raise ValidationError("“%(value)s” value must be either True or False.", code="invalid", params={"value": value})


class DateField(Field):
    empty_strings_allowed = False

    def to_python(self, value):
        if value is None:
            return value
        from django.db.models.fields import reading

        return reading.clean_date(value)


class TimeField(Field):
    empty_strings_allowed = False

    def to_python(self, value):
        if value is None:
            return value
        from django.db.models.fields import reading

        return reading.clean_time(value)


class DateTimeField(DateField):
    auto_now_add = auto_now = False

    def value_to_string(self, obj):
        value = self.value_from_object(obj)
        return "" if value is None else value.isoformat()

    def to_python(self, value):
        if value is None:
            return value
        from django.db.models.fields import reading

        return reading.read_datetime(value, str(self)[str(self).find(".") + 1 :])


class _Relation(RelatedColumn, Field):
    is_relation = True
    empty_strings_allowed = False

    @property
    def related_model(self):
        from django import apps

        return apps.load(self.to)

    to_fields = [None]
    db_index = True

    @property
    def target_field(self):
        return self.related_model._meta.pk

    @property
    def remote_field(self):
        from django.db.models.fields import rels

        return rels.of(self)

    rel = remote_field


class ForeignKey(_Relation):
    many_to_one = True

    def get_prep_value(self, value):
        return self.target_field.get_prep_value(value)

    def to_python(self, value):
        return self.target_field.to_python(value)

    def get_default(self):
        return None


class OneToOneField(ForeignKey):
    many_to_one = False
    one_to_one = True


class ManyToManyField(Many, _Relation):
    many_to_many = True
    db_index = False
    empty_strings_allowed = True

    def value_from_object(self, obj):
        return [] if obj.pk is None else list(getattr(obj, self.attname).all())


for _kind in (ForeignKey, OneToOneField, ManyToManyField):
    _kind.__module__ = "django.db.models.fields.related"


def build(description, model):
    """The field that the table describes."""
    made = globals()[description["class"]]()
    made.name, made.attname, made.model = description["name"], description["attname"], model
    made.verbose_name, made.help_text = description["verbose_name"], description["help_text"]
    made.null, made.blank, made._unique = description["null"], description["blank"], description["unique"]
    made.max_length = description["max_length"]
    table = model._meta.table
    made.primary_key = description is table["fields"][table["pk"]] or description["name"] == table["fields"][table["pk"]]["name"]
    if made.primary_key:
        made.serialize = False
    made.to = description.get("to")
    if made.many_to_many:
        made.through = description.get("through")
    made.auto_created = description["class"] == "AutoField"
    default = description["default"]
    if default in ("true", "false"):
        made.default = default == "true"
    elif default == "now":
        from django.utils import timezone

        made.default = timezone.now
    elif default == "added":
        made.auto_now_add = True
        made.editable = False
    return made


def relation(model, label, name, query_name, accessor):
    from django.db.models.fields import rels

    return rels.reverse(model, label, name, query_name, accessor)
