"""Query sets: lazy, chainable, cached. What they ask is compiled and answered by `_hallpass`."""

import _hallpass
from django.db import transaction
from django.db.models import asking, writing
from django.db.models.empty import EmptyQuerySet
from django.db.utils import NotSupportedError, check_alias

REPR_OUTPUT_SIZE = 20
MAX_GET_RESULTS = 21


class QuerySet(writing.QuerySet):
    def __init__(self, model=None, query=None, using=None, hints=None, every=False):
        self.model = model
        self.query = _hallpass.query(model._meta.label, every) if query is None else query
        self._db = using
        self._result_cache = None
        self._form = None
        self._flat = False
        self._sticky = None
        self._known = self._related = None
        self._zoned = self._prefetches = self._kinds = ()

    def _chain(self, query=None):
        made = self.__class__.__new__(self.__class__)
        made.__dict__.update(self.__dict__)
        made._result_cache = None
        if query is not None:
            made.query = query
        return made

    _clone = _chain

    def __deepcopy__(self, memo):
        return self._chain()

    def __copy__(self):
        made = self._chain()
        made._result_cache = self._result_cache
        return made

    def __reduce__(self):
        return _unpickled, (self.model, list(self), self._form)

    def _fetch_all(self):
        if self._result_cache is None:
            transaction.check_usable()
            self._result_cache = self._results()
        return self._result_cache

    def _results(self):
        if self._zoned:
            from django.db.models import zoned

            return zoned.apply(self._rows(), self._zoned, self._form, self.query.value_names)
        return self._rows()

    def _rows(self):
        form = self._form
        if form is None:
            results = self.query.instances(self.model)
            if self._known is not None:
                for one in results:
                    one._state.fields_cache.update(self._known)
            return writing.complete(self, results) if self._related is not None or self._prefetches else results
        if form == "named":
            from collections import namedtuple

            row = namedtuple("Row", self.query.value_names)
            return [row._make(values) for values in self.query.selection("tuple")]
        return self.query.selection(form)

    def _whole(self):
        return self._chain(self.query.all_fields())

    # What makes it a sequence.

    def __repr__(self):
        data = list(self[: REPR_OUTPUT_SIZE + 1])
        if len(data) > REPR_OUTPUT_SIZE:
            data[-1] = "...(remaining elements truncated)..."
        return "<%s %r>" % (self.__class__.__name__, data)

    def __len__(self):
        return len(self._fetch_all())

    def __iter__(self):
        return iter(self._fetch_all())

    def __aiter__(self):
        async def results():
            for one in self._fetch_all():
                yield one

        return results()

    def __bool__(self):
        return bool(self._fetch_all())

    def __getitem__(self, k):
        if not isinstance(k, (int, slice)):
            raise TypeError("QuerySet indices must be integers or slices, not %s." % type(k).__name__)
        if (isinstance(k, int) and k < 0) or (
            isinstance(k, slice) and ((k.start is not None and k.start < 0) or (k.stop is not None and k.stop < 0))
        ):
            raise ValueError("Negative indexing is not supported.")
        if self._result_cache is not None:
            return self._result_cache[k]
        if isinstance(k, slice):
            low = None if k.start is None else int(k.start)
            high = None if k.stop is None else int(k.stop)
            cut = self._chain(self.query.slice(low, high))
            return list(cut)[:: k.step] if k.step else cut
        return self._chain(self.query.slice(k, k + 1))._fetch_all()[0]

    def __class_getitem__(cls, *args, **kwargs):
        return cls

    def _merged(self, other, connector):
        if self.query.is_combined or other.query.is_combined:
            raise TypeError("Cannot use %s operator with combined queryset." % {"OR": "|", "AND": "&", "XOR": "^"}[connector])
        if self.query.is_sliced or other.query.is_sliced:
            raise TypeError("Cannot combine queries once a slice has been taken.")
        if self.query.label != other.query.label:
            raise TypeError("Cannot combine queries on two different base models.")
        if self.query.distinct_rows != other.query.distinct_rows:
            raise TypeError("Cannot combine a unique query with a non-unique query.")
        return self._chain(self.query.merge(connector, other.query))

    def __and__(self, other):
        if other.query.is_empty:
            return other
        return self if self.query.is_empty else self._merged(other, "AND")

    def _unsliced(self):
        if not self.query.is_sliced:
            return self
        return self.model._base_manager.filter(pk__in=self.values("pk"))

    def __or__(self, other):
        if self.query.is_empty:
            return other
        return self if other.query.is_empty else self._unsliced()._merged(other._unsliced(), "OR")

    def __xor__(self, other):
        if self.query.is_empty:
            return other
        return self if other.query.is_empty else self._unsliced()._merged(other._unsliced(), "XOR")

    # Chaining.

    def _refuse_combined(self, operation):
        if self.query.is_combined:
            raise NotSupportedError(
                "Calling QuerySet.%s() after %s() is not supported." % (operation, self.query.is_combined)
            )

    def all(self):
        return self._chain()

    def using(self, alias):
        made = self._chain()
        try:
            check_alias(alias)
        except Exception as error:
            made.query, made._db = made.query.fails_later(error), alias
        return made

    def filter(self, *args, **kwargs):
        self._refuse_combined("filter")
        return self._filtered(False, args, kwargs)

    def exclude(self, *args, **kwargs):
        self._refuse_combined("exclude")
        return self._filtered(True, args, kwargs)

    def _filtered(self, negated, args, kwargs):
        if (args or kwargs) and self.query.is_sliced:
            raise TypeError("Cannot filter a query once a slice has been taken.")
        return self._chain(self.query.filter(negated, args, kwargs))

    def complex_filter(self, filter_obj):
        return self.filter(filter_obj) if hasattr(filter_obj, "children") else self.filter(**filter_obj)

    def none(self):
        return self._chain(self.query.none())

    def order_by(self, *field_names):
        if self.query.is_sliced:
            raise TypeError("Cannot reorder a query once a slice has been taken.")
        writing.check_order(field_names)
        return self._chain(writing.ordered(self.query, field_names))

    def reverse(self):
        if self.query.is_sliced:
            raise TypeError("Cannot reverse a query once a slice has been taken.")
        return self._chain(self.query.reverse())

    def distinct(self, *field_names):
        self._refuse_combined("distinct")
        if self.query.is_sliced:
            raise TypeError("Cannot create distinct fields once a slice has been taken.")
        query = self.query.distinct()
        if field_names:
            query = writing.distinct_on(query, field_names)
        return self._chain(query)

    def values(self, *fields, **expressions):
        made = self._selecting(fields, expressions)
        made._form = "dict"
        return made

    def values_list(self, *fields, flat=False, named=False):
        if flat and named:
            raise TypeError("'flat' and 'named' can't be used together.")
        if flat and len(fields) > 1:
            raise TypeError("'flat' is not valid when values_list is called with more than one field.")
        expressions = {}
        names = []
        for field in fields:
            if hasattr(field, "_node"):
                prefix = getattr(field, "default_alias", field.__class__.__name__.lower())
                count = 1
                while prefix + str(count) in fields or prefix + str(count) in expressions:
                    count += 1
                expressions[prefix + str(count)] = field
                names.append(prefix + str(count))
            else:
                names.append(field)
        made = self._selecting(names, expressions)
        made._form = "named" if named else "flat" if flat else "tuple"
        return made

    def _selecting(self, fields, expressions):
        made = self._chain()
        if expressions:
            made = made.annotate(**expressions)
        names = [*fields, *(name for name in expressions if name not in fields)] if fields or expressions else []
        for name in names:
            if not isinstance(name, str):
                raise TypeError("expected string or bytes-like object, got '%s'" % type(name).__name__)
        made.query = made.query.values(names)
        return made

    def annotate(self, *args, **kwargs):
        self._refuse_combined("annotate")
        return self._annotated(args, kwargs, True)

    def alias(self, *args, **kwargs):
        self._refuse_combined("alias")
        return self._annotated(args, kwargs, False)

    def _annotated(self, args, kwargs, shown):
        for value in (*args, *kwargs.values()):
            if not hasattr(value, "_node") and not hasattr(value, "children"):
                raise TypeError(
                    "QuerySet.%s() received non-expression(s): %s."
                    % ("annotate", ", ".join(sorted(str(v) for v in (*args, *kwargs.values()) if not hasattr(v, "_node"))))
                )
        annotations = {}
        for arg in args:
            try:
                name = arg.default_alias
            except (AttributeError, TypeError):
                raise TypeError("Complex annotations require an alias") from None
            if name in kwargs:
                raise ValueError(
                    "The named annotation '%s' conflicts with the default name for another annotation." % name
                )
            annotations[name] = arg
        annotations.update(kwargs)
        query, zoned, known = self.query, self._zoned, dict(self._kinds)
        taken = set(query.value_names) - set(query.annotation_names) if self._form else self._field_names()
        for name, expression in annotations.items():
            if name in taken:
                raise ValueError("The annotation '%s' conflicts with a field on the model." % name)
            known[name], zoned, query = writing.examine(self.model, known, name, expression, shown, zoned, query)
        made = self._chain(query)
        made._zoned, made._kinds = zoned, known
        return made

    def _field_names(self):
        names = set()
        table = self.model._meta.table
        for field in table["fields"]:
            if not field["beyond"]:
                names.update((field["name"], field["attname"]))
        names.update(field["name"] for field in table["many"])
        names.update(query_name for _, _, query_name, _ in table["reverses"])
        return names

    def only(self, *fields):
        self._refuse_combined("only")
        return self._chain(writing.only(self, fields))

    def defer(self, *fields):
        self._refuse_combined("defer")
        return self._chain(writing.defer(self, fields))

    def select_related(self, *fields):
        self._refuse_combined("select_related")
        if self._form is not None:
            raise TypeError("Cannot call select_related() after .values() or .values_list()")
        return writing.relating(self._chain(), fields)

    def prefetch_related(self, *lookups):
        self._refuse_combined("prefetch_related")
        made = self._chain()
        made._prefetches = () if lookups == (None,) else (*self._prefetches, *lookups)
        return made

    def select_for_update(self, nowait=False, skip_locked=False, of=(), no_key=False):
        if nowait and skip_locked:
            raise ValueError("The nowait option cannot be used with skip_locked.")
        return self._chain()

    def _combined(self, how, others):
        query = self.query
        if others and (query.is_sliced or any(other.query.is_sliced for other in others)) is None:
            raise TypeError("Cannot combine queries once a slice has been taken.")
        return self._chain(query.combine(how, [other.query for other in others]))

    def union(self, *other_qs, all=False):
        live = [qs for qs in (self, *other_qs) if not qs.query.is_empty]
        if not live:
            return self
        if len(live) == 1:
            return live[0]
        return live[0]._combined("union_all" if all else "union", live[1:])

    def intersection(self, *other_qs):
        if self.query.is_empty:
            return self
        for other in other_qs:
            if other.query.is_empty:
                return other
        return self._combined("intersection", other_qs)

    def difference(self, *other_qs):
        if self.query.is_empty:
            return self
        return self._combined("difference", [qs for qs in other_qs if not qs.query.is_empty])

    @property
    def ordered(self):
        return self.query.is_ordered

    @property
    def db(self):
        return "default"

    def as_manager(cls):
        from django.db.models.manager import Manager

        return Manager.from_queryset(cls)()

    as_manager = classmethod(as_manager)


def _unpickled(model, rows, form):
    """A query set that a pickle kept: its rows are those of then."""
    made = model._default_manager.all()
    made._result_cache, made._form = rows, form
    return made


asking.plain_filter = QuerySet.filter
