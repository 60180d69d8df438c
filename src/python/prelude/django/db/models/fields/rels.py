"""Relations as `_meta` shows them."""

from django import apps


class ForeignObjectRel:
    auto_created = True
    concrete = False
    editable = False
    is_relation = True
    hidden = False
    null = True
    many_to_many = many_to_one = one_to_many = one_to_one = False
    multiple = True
    limit_choices_to = {}
    parent_link = symmetrical = False
    empty_strings_allowed = False
    field_name = None

    def __init__(self, model, label, field, query_name, accessor):
        self.model = model
        self._label = label
        self._field = field
        self.name = query_name
        self._accessor = accessor

    @property
    def related_model(self):
        return apps.load(self._label)

    @property
    def field(self):
        return self.related_model._meta.get_field(self._field)

    remote_field = field

    @property
    def related_name(self):
        return self._accessor if self._accessor != "%s_set" % self.name else None

    @property
    def related_query_name(self):
        return self.name

    @property
    def on_delete(self):
        from django.db.models.deletion import CASCADE

        return CASCADE

    def get_accessor_name(self, model=None):
        return self._accessor

    accessor_name = property(get_accessor_name)

    @property
    def target_field(self):
        return self.related_model._meta.pk

    def db_type(self, connection=None):
        return self.field.db_type(connection)

    def get_lookups(self):
        from django.db.models import lookups

        names = ("in", "exact", "lt", "gt", "gte", "lte", "isnull")
        return {name: lookups.by_name(name, True) for name in names}

    def get_lookup(self, lookup_name):
        return self.get_lookups().get(lookup_name)

    def get_choices(self, include_blank=True, blank_choice=(("", "---------"),), limit_choices_to=None, ordering=()):
        rows = self.related_model._default_manager.complex_filter(limit_choices_to or {})
        found = [(one.pk, str(one)) for one in (rows.order_by(*ordering) if ordering else rows)]
        return [*blank_choice, *found] if include_blank else found

    def get_cache_name(self):
        raise NotImplementedError

    def get_internal_type(self):
        return self.field.get_internal_type()

    def __repr__(self):
        return "<%s: %s>" % (self.__class__.__name__, self._label.lower())


class ManyToOneRel(ForeignObjectRel):
    one_to_many = True


class OneToOneRel(ForeignObjectRel):
    one_to_one = True
    multiple = False


class ManyToManyRel(ForeignObjectRel):
    many_to_many = True

    @property
    def through(self):
        from django.db.models.fields import many

        return many.through(self.field.through)


for _kind in (ManyToOneRel, OneToOneRel, ManyToManyRel):
    _kind.__module__ = "django.db.models.fields.reverse_related"


def reverse(model, label, name, query_name, accessor):
    if label == "authtoken.Token":
        kind = OneToOneRel
    elif name in ("groups", "user_permissions", "permissions"):
        kind = ManyToManyRel
    else:
        kind = ManyToOneRel
    return kind(model, label, name, query_name, accessor)


def of(field):
    """The other end of a field."""
    for related in field.related_model._meta.related_objects:
        if related._label == field.model._meta.label and related._field == field.name:
            return related
    kind = {"OneToOneField": OneToOneRel, "ManyToManyField": ManyToManyRel}.get(field.get_internal_type(), ManyToOneRel)
    return kind(field.related_model, field.model._meta.label, field.name, field.model._meta.model_name + "+", None)


def link(model, field):
    """The hidden relation from the rows that link a model to its many."""
    related = ManyToOneRel(model, field.through, model._meta.model_name, field.through.partition(".")[2] + "+", None)
    related.hidden = True
    return related
