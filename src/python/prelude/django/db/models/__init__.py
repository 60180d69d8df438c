"""Models, and what queries on them are made of."""

import _hallpass
from django.core.exceptions import ObjectDoesNotExist
from django.db.models.base import Model
from django.db.models.manager import Manager
from django.db.models.query import QuerySet
from django.db.models.query_utils import Q
from django.db.models.deletion import CASCADE, DO_NOTHING, PROTECT, RESTRICT, SET, SET_DEFAULT, SET_NULL, ProtectedError, RestrictedError

_hallpass.as_usual((Model.save, Model.save_base))

_FIELDS = (
    "AutoField", "BigAutoField", "BigIntegerField", "BooleanField", "CharField", "DateField", "DateTimeField",
    "DecimalField", "DurationField", "EmailField", "Field", "FloatField", "ForeignKey", "IntegerField", "JSONField",
    "ManyToManyField", "OneToOneField", "PositiveIntegerField", "PositiveSmallIntegerField", "SlugField", "TextField",
    "TimeField", "URLField", "UUIDField", "NOT_PROVIDED", "SmallIntegerField", "BinaryField", "GenericIPAddressField",
)
_AGGREGATES = ("Aggregate", "Avg", "Count", "Max", "Min", "StdDev", "Sum", "Variance")
_EXPRESSIONS = (
    "Case", "Exists", "Expression", "ExpressionWrapper", "F", "Func", "OrderBy", "OuterRef", "RawSQL", "Subquery",
    "Value", "When", "Window",
)
_CONSTRAINTS = ("BaseConstraint", "CheckConstraint", "Index", "UniqueConstraint")
_ENUMS = ("Choices", "IntegerChoices", "TextChoices")


__all__ = (
    "Model", "Manager", "QuerySet", "Q", "ObjectDoesNotExist", "CASCADE", "DO_NOTHING", "PROTECT", "RESTRICT", "SET",
    "SET_DEFAULT", "SET_NULL", "ProtectedError", "RestrictedError", "Prefetch", "prefetch_related_objects", "signals",
    *_FIELDS, *_AGGREGATES, *_EXPRESSIONS, *_CONSTRAINTS, *_ENUMS,
)


def __getattr__(name):
    # Most scripts need none of these: they are imported when they are asked for.
    if name in _AGGREGATES:
        module = "django.db.models.aggregates"
    elif name in _EXPRESSIONS:
        module = "django.db.models.expressions"
    elif name in _FIELDS:
        module = "django.db.models.fields"
    elif name == "Prefetch":
        module = "django.db.models.prefetch"
    elif name in ("signals", "functions", "lookups", "fields", "expressions", "aggregates"):
        return __import__("django.db.models." + name, fromlist=["x"])
    elif name in ("ManyToOneRel", "ManyToManyRel", "OneToOneRel", "ForeignObjectRel"):
        module = "django.db.models.fields.rels"
    elif name == "DEFERRED":
        module = "django.db.models.base"
    elif name in _CONSTRAINTS:
        module = "django.db.models.constraints"
    elif name in _ENUMS:
        module = "django.db.models.enums"
    else:
        raise AttributeError("module 'django.db.models' has no attribute %r" % name)
    value = getattr(__import__(module, fromlist=["x"]), name)
    globals()[name] = value
    return value


async def aprefetch_related_objects(instances, *lookups):
    prefetch_related_objects(instances, *lookups)


def __dir__():
    return sorted({*globals(), *__all__})


def prefetch_related_objects(instances, *lookups):
    """Reads the related rows of these instances."""
    from django.db.models import prefetch

    if instances:
        prefetch.prefetch(list(instances), lookups)
