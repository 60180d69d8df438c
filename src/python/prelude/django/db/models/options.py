"""`Model._meta`: what the table of models says of a model, in Django's words."""

import _hallpass
from django.core.exceptions import FieldDoesNotExist


class Options:
    abstract = False
    auto_created = False
    default_permissions = ("add", "change", "delete", "view")
    default_related_name = None
    get_latest_by = None
    indexes = []
    constraints = []
    is_composite_pk = False
    all_parents = ()
    required_db_vendor = None
    proxy_for_model = None
    related_fkey_lookups = []
    managed = True
    swapped = None
    required_db_features = []
    permissions = []
    base_manager_name = None
    default_manager_name = None
    private_fields = []
    select_on_save = False
    db_tablespace = ""
    order_with_respect_to = None
    original_attrs = {}
    total_unique_constraints = []

    def __init__(self, label, proxy=False):
        self.label = label
        self.proxy = proxy
        self.table = _hallpass.describe(label)
        self.app_label = self.table["app_label"]
        self.object_name = self.table["object_name"]
        self.model_name = self.table["model_name"]
        self.label_lower = label.lower()
        self.model = None
        self._made = {}

    def __repr__(self):
        return "<Options for %s>" % self.object_name

    def __str__(self):
        return self.label_lower

    @property
    def swappable(self):
        return "AUTH_USER_MODEL" if self.label == "auth.User" else None

    @property
    def db_table(self):
        return self.table["db_table"]

    @property
    def verbose_name(self):
        return self.table["verbose_name"]

    verbose_name_raw = verbose_name

    @property
    def verbose_name_plural(self):
        return self.table["verbose_name_plural"]

    @property
    def ordering(self):
        return list(self.table["ordering"])

    @property
    def unique_together(self):
        together = self.table["unique_together"]
        return (tuple(together),) if together else ()

    @property
    def concrete_model(self):
        return self.model.__mro__[1] if self.proxy else self.model

    @property
    def db_table_comment(self):
        return ""

    @property
    def default_manager(self):
        return self.model._default_manager

    @property
    def base_manager(self):
        return self.model._base_manager

    @property
    def managers(self):
        return (self.model._default_manager,)

    @property
    def app_config(self):
        from django.apps import apps

        return apps.get_app_config(self.app_label)

    def _field(self, description):
        name = description["name"]
        if name not in self._made:
            from django.db.models import fields

            self._made[name] = fields.build(description, self.model)
        return self._made[name]

    @property
    def fields(self):
        return tuple(self._field(d) for d in self.table["fields"] if not d["beyond"])

    concrete_fields = local_concrete_fields = fields

    @property
    def local_fields(self):
        return list(self.fields)

    @property
    def many_to_many(self):
        return tuple(self._field(d) for d in self.table["many"])

    @property
    def local_many_to_many(self):
        return list(self.many_to_many)

    @property
    def pk_fields(self):
        return [self.pk]

    @property
    def db_returning_fields(self):
        return [self.pk] if self.pk.auto_created else []

    @property
    def managers_map(self):
        return {manager.name: manager for manager in self.managers}

    @property
    def local_managers(self):
        return list(self.managers)

    @property
    def auto_field(self):
        return self.pk if self.pk.auto_created else None

    def get_ancestor_link(self, ancestor):
        return None

    def get_path_to_parent(self, parent):
        return []

    def get_path_from_parent(self, parent):
        return []

    @property
    def pk(self):
        return self._field(self.table["fields"][self.table["pk"]])

    @property
    def pk_attname(self):
        return self.table["fields"][self.table["pk"]]["attname"]

    @property
    def written_names(self):
        """The names of the fields that `save` may be told to write."""
        names = self._made.get("written names")
        if names is None:
            others = (f for place, f in enumerate(self.table["fields"]) if place != self.table["pk"])
            names = self._made["written names"] = frozenset(name for f in others for name in (f["name"], f["attname"]))
        return names

    @property
    def related_objects(self):
        from django.db.models import fields

        return tuple(
            self._made.setdefault("<- %s.%s" % (label, name), fields.relation(self.model, label, name, query, accessor))
            for label, name, query, accessor in self.table["reverses"]
        )

    def get_fields(self, include_parents=True, include_hidden=False):
        related = self.related_objects
        if include_hidden and self.many_to_many:
            from django.db.models.fields import rels

            hidden = [rels.link(self.model, field) for field in self.many_to_many]
            related = related[:1] + tuple(hidden) + related[1:]
        return related + self.fields + self.many_to_many

    @property
    def fields_map(self):
        hidden = self.get_fields(include_hidden=True)
        return {related.name: related for related in hidden if not getattr(related, "concrete", True)}

    @property
    def _forward_fields_map(self):
        named = {field.name: field for field in self.get_fields() if getattr(field, "concrete", True)}
        return {**named, **{field.attname: field for field in self.fields}}

    @property
    def apps(self):
        from django.apps import apps

        return apps

    def find(self, name):
        """What the table says of a field, by its name or attribute."""
        for description in self.table["fields"]:
            if name == description["name"] or name == description["attname"]:
                return description
        for description in self.table["many"]:
            if name == description["name"]:
                return description
        return None

    def get_field(self, field_name):
        description = self.find(field_name)
        if description is not None and not description.get("beyond"):
            return self._field(description)
        for related in self.related_objects:
            if related.name == field_name:
                return related
        raise FieldDoesNotExist("%s has no field named '%s'" % (self.object_name, field_name))

    def get_parent_list(self):
        return []

    def get_base_chain(self, model):
        return []

    @property
    def parents(self):
        return {}

    def can_migrate(self, connection):
        return True
