"""Managers: where queries on a model begin."""

import _hallpass
from django.db.models.query import QuerySet


class BaseManager:
    auto_created = False
    _every = False

    def __init__(self):
        self.model = None
        self.name = "objects"
        self._db = None

    def __str__(self):
        return "%s.%s" % (self.model._meta.label, self.name)

    def _bound_to(self, model):
        self.model = model
        return self

    def __eq__(self, other):
        return self is other or (isinstance(other, self.__class__) and self.model == other.model and self.name == other.name)

    def __hash__(self):
        return id(self)

    @classmethod
    def from_queryset(cls, queryset_class, class_name=None):
        name = class_name or "%sFrom%s" % (cls.__name__, queryset_class.__name__)
        methods = {
            name: _method(name, queryset_class)
            for name in dir(queryset_class)
            if not name.startswith("_") and not hasattr(cls, name) and callable(getattr(queryset_class, name))
            and not getattr(getattr(queryset_class, name), "queryset_only", False)
        }
        own = {
            name: _method(name, queryset_class)
            for name, value in queryset_class.__dict__.items()
            if not name.startswith("_") and callable(value) and not getattr(value, "queryset_only", False)
        }
        return type(name, (cls,), {"_queryset_class": queryset_class, **methods, **own})

    def get_queryset(self):
        return self._queryset_class(model=self.model, every=self._every)

    def all(self):
        return self.get_queryset()

    def using(self, alias):
        return self.get_queryset().using(alias)

    def db_manager(self, using=None, hints=None):
        return self

    @property
    def db(self):
        return "default"

    def check(self, **kwargs):
        return []


_METHODS = (
    "filter", "exclude", "get", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "count",
    "exists", "first", "last", "earliest", "latest", "in_bulk", "iterator", "aggregate", "annotate", "alias", "values",
    "values_list", "dates", "datetimes", "none", "order_by", "reverse", "distinct", "only", "defer", "select_related",
    "prefetch_related", "select_for_update", "union", "intersection", "difference", "update", "contains", "extra", "raw",
    "complex_filter", "explain",
    "aget", "acreate", "aget_or_create", "aupdate_or_create", "abulk_create", "abulk_update", "acount", "aexists",
    "afirst", "alast", "aearliest", "alatest", "ain_bulk", "aiterator", "aaggregate", "aupdate", "acontains", "aexplain",
)


def _method(name, queryset_class=QuerySet):
    original = getattr(queryset_class, name)

    def method(self, *args, **kwargs):
        return getattr(self.get_queryset(), name)(*args, **kwargs)

    method.__name__ = name
    method.__qualname__ = original.__qualname__
    method.__module__ = original.__module__
    method.__doc__ = original.__doc__
    return method


class Manager(BaseManager):
    _queryset_class = QuerySet


for _name in _METHODS:
    setattr(Manager, _name, _method(_name))


def _create():
    """`create`, which needs no query set where that has nothing of its own to say of it."""
    longer, usual, plain = Manager.create, QuerySet.create, BaseManager.get_queryset
    insert = _hallpass.insert_new

    def create(self, *args, **kwargs):
        asked = getattr(self.get_queryset, "__func__", None)
        if args or asked is not plain or self._queryset_class.create is not usual:
            return longer(self, *args, **kwargs)
        # All that it asks a query set for is the model.
        made = self.model(**kwargs)
        if not insert(made):
            made.save(force_insert=True, using=self.db)
        return made

    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(create, name, getattr(longer, name))
    return create


Manager.create = _create()


class EmptyManager(Manager):
    """Finds nothing."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def get_queryset(self):
        return super().get_queryset().none()


class ManagerDescriptor:
    def __init__(self, manager):
        self.manager = manager

    def __get__(self, instance, cls=None):
        if instance is not None:
            raise AttributeError("Manager isn't accessible via %s instances" % cls.__name__)
        if self.manager.model is not cls:
            # A proxy's manager gives the proxy's instances.
            import copy

            manager = copy.copy(self.manager)
            manager.model = cls
            return manager
        return self.manager
