"""The rest of what a field says of itself: its column, its look-ups, what a form would offer for it."""

_TYPES = {
    "AutoField": "integer", "BigAutoField": "integer", "IntegerField": "integer", "BigIntegerField": "bigint",
    "BooleanField": "bool", "DateField": "date", "DateTimeField": "datetime", "TimeField": "time", "TextField": "text",
    "FloatField": "real", "DecimalField": "decimal", "DurationField": "bigint", "SmallIntegerField": "smallint",
    "PositiveIntegerField": "integer unsigned", "PositiveSmallIntegerField": "smallint unsigned", "UUIDField": "char(32)",
    "JSONField": "text", "BinaryField": "BLOB",
}
_RELATED = ("in", "exact", "lt", "gt", "gte", "lte", "isnull")


class Column:
    unique_for_date = unique_for_month = unique_for_year = None
    db_tablespace = ""
    db_comment = None
    db_returning = False
    system_check_deprecated_details = system_check_removed_details = None

    @property
    def db_default(self):
        from django.db.models.fields import NOT_PROVIDED

        return NOT_PROVIDED

    def has_db_default(self):
        return False

    def db_type(self, connection=None):
        kind = self.__class__.__name__
        if self.many_to_many:
            return None
        if self.is_relation:
            return self.target_field.rel_db_type(connection)
        if kind in ("CharField", "EmailField", "SlugField", "URLField"):
            return "varchar(%s)" % self.max_length
        return _TYPES.get(kind)

    rel_db_type = cast_db_type = db_type

    def db_parameters(self, connection=None):
        found = {"type": self.db_type(connection), "check": None}
        if self.__class__.__name__ in ("CharField", "EmailField", "ForeignKey", "OneToOneField"):
            found["collation"] = None
        return found

    def get_attname_column(self):
        return self.attname, self.column

    def select_format(self, compiler, sql, params):
        return sql, params

    def pre_save(self, model_instance, add):
        if getattr(self, "auto_now", False) or (add and getattr(self, "auto_now_add", False)):
            from django.utils import timezone

            setattr(model_instance, self.attname, timezone.now())
        return getattr(model_instance, self.attname)

    def get_pk_value_on_save(self, instance):
        from django.db.models.fields import NOT_PROVIDED

        default = self.default
        return None if default is NOT_PROVIDED or not default else self.get_default()

    def get_db_prep_value(self, value, connection=None, prepared=False):
        return value if prepared else self.get_prep_value(value)

    def get_db_prep_save(self, value, connection=None):
        return self.get_db_prep_value(value, connection)

    def save_form_data(self, instance, data):
        if self.many_to_many:
            getattr(instance, self.attname).set(data)
        else:
            setattr(instance, self.name, data)

    def get_filter_kwargs_for_object(self, obj):
        return {self.name: getattr(obj, self.attname)}

    def check(self, **kwargs):
        return []

    def clone(self):
        made = self.__class__.__new__(self.__class__)
        made.__dict__.update(self.__dict__)
        made.name = made.attname = made.model = None
        return made

    @property
    def default_validators(self):
        from django.core import validators

        return [validators.validate_email] if self.__class__.__name__ == "EmailField" else []

    def run_validators(self, value):
        from django.db.models import cleaning

        if value not in self.empty_values:
            cleaning.run_validators(self.validators, value)

    @property
    def default_error_messages(self):
        from django.db.models import cleaning

        return cleaning.own_messages(self)

    @property
    def cached_col(self):
        return self.get_col(self.model._meta.db_table)

    def get_col(self, alias, output_field=None):
        from django.db.models.assigning import _Column

        return _Column("Col(%s, %s)" % (alias, self))

    def get_lookups(self):
        from django.db.models import lookups

        names = _RELATED if self.is_relation and not self.many_to_many else lookups.NAMES
        found = {name: lookups.by_name(name, names is _RELATED) for name in names}
        if self.__class__.__name__ in ("DateField", "DateTimeField", "TimeField"):
            from django.db.models import functions

            parts = "year month day week_day iso_week_day week iso_year quarter hour minute second".split()
            for part in parts:
                found[part] = getattr(functions, "Extract" + "".join(word.capitalize() for word in part.split("_")))
        return found

    def get_lookup(self, lookup_name):
        return self.get_lookups().get(lookup_name)

    get_transform = get_lookup

    def get_choices(self, include_blank=True, blank_choice=(("", "---------"),), limit_choices_to=None, ordering=()):
        if not self.is_relation:
            raise AttributeError("'NoneType' object has no attribute 'model'")
        rows = self.related_model._default_manager.complex_filter(limit_choices_to or {})
        found = [(one.pk, str(one)) for one in (rows.order_by(*ordering) if ordering else rows)]
        return [*blank_choice, *found] if include_blank else found

    def formfield(self, **kwargs):
        raise NotImplementedError(
            "hallpass has no forms: full_clean() checks an object, and this field's clean(value, object) one value"
        )


class RelatedColumn:
    """What a relation says beside."""

    def get_cache_name(self):
        raise NotImplementedError

    swappable = True
    many_to_many = many_to_one = one_to_many = one_to_one = False

    @property
    def opts(self):
        return self.model._meta

    def related_query_name(self):
        return self.remote_field.name.rstrip("+") if self.remote_field.name else self.model._meta.model_name

    @property
    def foreign_related_fields(self):
        return (self.target_field,)

    @property
    def cache_name(self):
        return self.name

    def is_cached(self, instance):
        return self.name in instance._state.fields_cache

    def get_cached_value(self, instance, default=None):
        return instance._state.fields_cache.get(self.name, default)


class Many:
    """What a relation to many says beside."""

    def m2m_db_table(self):
        from django.db.models.fields import many

        return many.through(self.through)._meta.db_table

    def m2m_column_name(self):
        return self.model._meta.model_name + "_id"

    def m2m_reverse_name(self):
        return self.related_model._meta.model_name + "_id"

    def m2m_field_name(self):
        return self.model._meta.model_name

    def m2m_reverse_field_name(self):
        return self.related_model._meta.model_name
