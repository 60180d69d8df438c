"""The part of a query set that asks for single answers."""


from django.db import transaction

# `QuerySet.filter`, which a class of a script may have replaced; set where that one is.
plain_filter = None


class QuerySet:
    def count(self):
        if self._result_cache is not None:
            return len(self._result_cache)
        transaction.check_usable()
        return self.query.count()

    def exists(self):
        if self._result_cache is not None:
            return bool(self._result_cache)
        transaction.check_usable()
        return self.query.exists()

    def contains(self, obj):
        self._refuse_combined("contains")
        if self._form is not None:
            raise TypeError("Cannot call QuerySet.contains() after .values() or .values_list().")
        try:
            if obj._meta.concrete_model != self.model._meta.concrete_model:
                return False
        except AttributeError:
            raise TypeError("'obj' must be a model instance.")
        if obj.pk is None:
            raise ValueError("QuerySet.contains() cannot be used on unsaved objects.")
        if self._result_cache is not None:
            return obj in self._result_cache
        return self.filter(pk=obj.pk).exists()

    def get(self, *args, **kwargs):
        if self.query.is_combined and (args or kwargs):
            from django.db.utils import NotSupportedError

            raise NotSupportedError(
                "Calling QuerySet.get(...) with filters after %s() is not supported." % self.query.is_combined
            )
        plain = type(self).filter is plain_filter and self._form is None and self._known is None and self._related is None
        if plain and not self._prefetches and not self.query.is_combined and not self.query.is_sliced:
            transaction.check_usable()
            results = self.query.got(args, kwargs, self.model)
        else:
            found = self._chain() if self.query.is_combined else self.filter(*args, **kwargs)
            if not self.query.is_sliced and not self.query.is_combined:
                found.query = found.query.slice(None, 21)
            results = found._fetch_all()
        count = len(results)
        if count == 1:
            return results[0]
        name = self.model._meta.object_name
        if not count:
            raise self.model.DoesNotExist("%s matching query does not exist." % name)
        raise self.model.MultipleObjectsReturned(
            "get() returned more than one %s -- it returned %s!" % (name, count if count < 21 else "more than 20")
        )

    def first(self):
        if self.ordered:
            queryset = self
        else:
            self._check_ordering("first")
            queryset = self.order_by("pk")
        for found in queryset[:1]:
            return found

    def last(self):
        if self.ordered:
            queryset = self.reverse()
        else:
            self._check_ordering("last")
            queryset = self.order_by("-pk")
        for found in queryset[:1]:
            return found

    def _check_ordering(self, name):
        pass

    def earliest(self, *fields):
        if self.query.is_sliced:
            raise TypeError("Cannot change a query once a slice has been taken.")
        return self._extreme(fields)

    def latest(self, *fields):
        if self.query.is_sliced:
            raise TypeError("Cannot change a query once a slice has been taken.")
        return self.reverse()._extreme(fields)

    def _extreme(self, fields):
        if not fields:
            raise ValueError(
                "earliest() and latest() require either fields as positional arguments or 'get_latest_by' in the "
                "model's Meta."
            )
        return self.order_by(*fields)[:1].get()

    def in_bulk(self, id_list=None, *, field_name="pk"):
        if self.query.is_sliced:
            raise TypeError("Cannot use 'limit' or 'offset' with in_bulk().")
        if self._form is not None:
            raise TypeError("in_bulk() cannot be used with values() or values_list().")
        if field_name != "pk" and not self.model._meta.get_field(field_name).unique:
            raise ValueError("in_bulk()'s field_name must be a unique field but %r isn't." % field_name)
        if id_list is None:
            found = self._chain()
        else:
            if not id_list:
                return {}
            found = self.filter(**{field_name + "__in": list(id_list)})
        return {getattr(one, field_name): one for one in found.order_by()}

    def iterator(self, chunk_size=None):
        if chunk_size is not None and chunk_size <= 0:
            raise ValueError("Chunk size must be strictly positive.")
        if chunk_size is None and self._prefetches:
            raise ValueError("chunk_size must be provided when using QuerySet.iterator() after prefetch_related().")
        return self._iterator()

    def _iterator(self):
        yield from self._chain()._fetch_all()

    def aggregate(self, *args, **kwargs):
        for value in (*args, *kwargs.values()):
            if not hasattr(value, "_node"):
                wrong = ", ".join(sorted(str(v) for v in (*args, *kwargs.values()) if not hasattr(v, "_node")))
                raise TypeError("QuerySet.aggregate() received non-expression(s): %s." % wrong)
        named = dict(kwargs)
        for arg in args:
            try:
                name = arg.default_alias
            except (AttributeError, TypeError):
                raise TypeError("Complex aggregates require an alias")
            named[name] = arg
        if not named:
            return {}
        for name, value in kwargs.items():
            if not getattr(value, "contains_aggregate", False):
                raise TypeError("%s is not an aggregate expression" % name)
        from django.db.models import kinds

        known = dict(self._kinds)
        try:
            for name, value in named.items():
                known[name] = kinds.of(kinds.Scope(self.model, known, True), value)
        except Exception:
            self.query.aggregate(list(named.items()))
            raise
        return {name: kinds.read(value, known[name]) for name, value in self.query.aggregate(list(named.items())).items()}

    def dates(self, field_name, kind, order="ASC"):
        if kind not in ("year", "month", "week", "day"):
            raise ValueError("'kind' must be one of 'year', 'month', 'week', or 'day'.")
        if order not in ("ASC", "DESC"):
            raise ValueError("'order' must be either 'ASC' or 'DESC'.")
        return self._truncated(field_name, kind, order, True)

    def datetimes(self, field_name, kind, order="ASC", tzinfo=None):
        if kind not in ("year", "month", "week", "day", "hour", "minute", "second"):
            raise ValueError("'kind' must be one of 'year', 'month', 'week', 'day', 'hour', 'minute', or 'second'.")
        if order not in ("ASC", "DESC"):
            raise ValueError("'order' must be either 'ASC' or 'DESC'.")
        return self._truncated(field_name, kind, order, False)

    def _truncated(self, field_name, kind, order, as_date):
        from django.db.models.functions import TruncBase

        found = self.filter(**{field_name + "__isnull": False})
        found = found.annotate(datefield=TruncBase(field_name, kind, as_date)).values_list("datefield", flat=True)
        return found.distinct().order_by(("-" if order == "DESC" else "") + "datefield")

    def extra(self, *args, **kwargs):
        from django.db.utils import NotSupportedError

        raise NotSupportedError("hallpass has no SQL: use filter(), annotate() and order_by() instead of extra()")

    def raw(self, *args, **kwargs):
        from django.db.utils import NotSupportedError

        raise NotSupportedError("hallpass has no SQL: use filter(), values() and the like instead of raw()")

    def explain(self, *, format=None, **options):
        from django.db.utils import NotSupportedError

        raise NotSupportedError("hallpass has no SQL to explain")

    async def aget(self, *args, **kwargs):
        return self.get(*args, **kwargs)

    async def acount(self):
        return self.count()

    async def aexists(self):
        return self.exists()

    async def acontains(self, obj):
        return self.contains(obj)

    async def afirst(self):
        return self.first()

    async def alast(self):
        return self.last()

    async def aearliest(self, *fields):
        return self.earliest(*fields)

    async def alatest(self, *fields):
        return self.latest(*fields)

    async def ain_bulk(self, id_list=None, *, field_name="pk"):
        return self.in_bulk(id_list, field_name=field_name)

    async def aaggregate(self, *args, **kwargs):
        return self.aggregate(*args, **kwargs)

    async def aexplain(self, *, format=None, **options):
        return self.explain()

    async def aiterator(self, chunk_size=2000):
        for one in self._chain()._fetch_all():
            yield one
