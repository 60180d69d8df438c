"""The part of a query set that asks for single answers, and the part that changes rows."""

import _hallpass
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import asking
from django.db.utils import check_alias


class QuerySet(asking.QuerySet):
    def create(self, **kwargs):
        if self._db is not None:
            check_alias(self._db)
        made = self.model(**kwargs)
        if not _hallpass.insert_new(made):
            made.save(force_insert=True, using=self.db)
        return made

    def get_or_create(self, defaults=None, **kwargs):
        from django.db.utils import IntegrityError

        try:
            return self.get(**kwargs), False
        except self.model.DoesNotExist:
            params = self._creation_params(defaults, kwargs)
            try:
                with transaction.atomic():
                    params = {name: value() if callable(value) else value for name, value in params.items()}
                    return self.create(**params), True
            except IntegrityError:
                try:
                    return self.get(**kwargs), False
                except self.model.DoesNotExist:
                    pass
                raise

    def update_or_create(self, defaults=None, create_defaults=None, **kwargs):
        defaults = defaults or {}
        with transaction.atomic():
            found, created = self.get_or_create(defaults if create_defaults is None else create_defaults, **kwargs)
            if created:
                return found, True
            for name, value in defaults.items():
                setattr(found, name, value() if callable(value) else value)
            fields = {f["name"]: f for f in self.model._meta.table["fields"]}
            pk = self.model._meta.table["fields"][self.model._meta.table["pk"]]["name"]
            if all(name in fields or self.model._meta.find(name) for name in defaults) and pk not in defaults:
                found.save(update_fields=set(defaults) or None) if defaults else found.save()
            else:
                found.save()
            return found, False

    def _creation_params(self, defaults, kwargs):
        params = {name: value for name, value in kwargs.items() if "__" not in name}
        params.update(defaults or {})
        invalid = []
        for name in params:
            if name != "pk" and self.model._meta.find(name) is None and not isinstance(
                getattr(self.model, name, None), property
            ):
                invalid.append(name)
        if invalid:
            from django.core.exceptions import FieldError

            raise FieldError(
                "Invalid field name(s) for model %s: '%s'."
                % (self.model._meta.object_name, "', '".join(sorted(invalid)))
            )
        return params

    def bulk_create(
        self,
        objs,
        batch_size=None,
        ignore_conflicts=False,
        update_conflicts=False,
        update_fields=None,
        unique_fields=None,
    ):
        if self._db is not None:
            check_alias(self._db)
        from django.db.models import bulk

        return bulk.create(self, objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields)

    def bulk_update(self, objs, fields, batch_size=None):
        from django.db.models import bulk

        return bulk.update(self, objs, fields, batch_size)

    def update(self, **kwargs):
        self._refuse_combined("update")
        if self.query.is_sliced:
            raise TypeError("Cannot update a query once a slice has been taken.")
        from django.db.models.assigning import assignments

        pairs = assignments(self.model, kwargs)
        with transaction.breaks():
            count = self.query.update(pairs)
        self._result_cache = None
        return count

    update.alters_data = True

    def _update(self, values):
        return self.query.update([(field.attname, value) for field, _, value in values])

    def delete(self):
        self._refuse_combined("delete")
        if self.query.is_sliced:
            raise TypeError("Cannot use 'limit' or 'offset' with delete().")
        if self._form is not None:
            raise TypeError("Cannot call delete() after .values() or .values_list()")
        from django.db.models import saving

        counts = saving.delete_rows(self.model, self._chain(self.query.order_by([])))
        self._result_cache = None
        return counts

    delete.alters_data = True
    delete.queryset_only = True

    def _raw_delete(self, using):
        return self.delete()[0]

    async def acreate(self, **kwargs):
        return self.create(**kwargs)

    async def aget_or_create(self, defaults=None, **kwargs):
        return self.get_or_create(defaults, **kwargs)

    async def aupdate_or_create(self, defaults=None, create_defaults=None, **kwargs):
        return self.update_or_create(defaults, create_defaults, **kwargs)

    async def abulk_create(self, objs, *args, **kwargs):
        return self.bulk_create(objs, *args, **kwargs)

    async def abulk_update(self, objs, fields, batch_size=None):
        return self.bulk_update(objs, fields, batch_size)

    async def aupdate(self, **kwargs):
        return self.update(**kwargs)

    async def adelete(self):
        return self.delete()


def _places(model, names):
    table = model._meta.table
    places = []
    for name in names:
        first, _, rest = name.partition("__")
        if first == "pk":
            places.append(table["pk"])
            continue
        for place, field in enumerate(table["fields"]):
            if first in (field["name"], field["attname"]) and not field["beyond"]:
                places.append(place)
                break
        else:
            if not rest:
                model._meta.get_field(first)
    return places


def only(queryset, fields):
    if queryset._form is not None:
        raise TypeError("Cannot call only() after .values() or .values_list()")
    if fields == (None,):
        raise TypeError("Cannot pass None as an argument to only().")
    if not fields:
        return queryset.query.all_fields()
    try:
        return queryset.query.only(_places(queryset.model, fields))
    except FieldDoesNotExist as error:
        return queryset.query.fails_later(error)


def defer(queryset, fields):
    if queryset._form is not None:
        raise TypeError("Cannot call defer() after .values() or .values_list()")
    if fields == (None,):
        return queryset.query.all_fields()
    try:
        dropped = set(_places(queryset.model, fields))
    except FieldDoesNotExist as error:
        return queryset.query.fails_later(error)
    table = queryset.model._meta.table
    return queryset.query.only([place for place in range(len(table["fields"])) if place not in dropped])


def relating(made, fields):
    made._related = None if fields == (None,) else (*(made._related or ()), *fields)
    return made


def complete(queryset, results):
    """The results with the related rows that were asked for."""
    from django.db.models import prefetch

    if queryset._related is not None:
        prefetch.check_select(queryset.model, queryset._related)
    if results and queryset._related is not None:
        prefetch.select(queryset.model, results, queryset._related)
    prefetch.prefetch(results, queryset._prefetches)
    return results


def check_prefetched(model, name, path):
    if not hasattr(model, name):
        raise AttributeError(
            "Cannot find '%s' on %s object, '%s' is an invalid parameter to prefetch_related()"
            % (name, model.__name__, path)
        )


def examine(model, known, name, expression, shown, zoned, query):
    """Annotates a query. Refuses what Django refuses when it is asked for; tells the kind, and what is to be changed
    in the results."""
    from django.db.models import kinds
    from django.db.models.zoned import is_zoned

    scope = kinds.Scope(model, known)
    try:
        kind = kinds.check(scope, expression) if shown else kinds.of(scope, expression)
    except Exception as error:
        # A name without a meaning is told first.
        if expression.__class__.__name__ != "OuterRef":
            query.annotate(name, expression, shown, None)
        if not getattr(error, "_late", False):
            raise
        from django.db.models.expressions import Value

        return None, zoned, query.annotate(name, Value(None), shown, None).fails_later(error)
    query = query.annotate(name, expression, shown, kind)
    if kind == "DecimalField":
        zoned = (*zoned, (name, kind))
    elif is_zoned(expression):
        zoned = (*zoned, (name, "zone"))
    return kind, zoned, query


def check_order(names):
    from django.core.exceptions import FieldError

    invalid = [name for name in names if not isinstance(name, str) and not hasattr(name, "_node")]
    if invalid:
        raise FieldError("Invalid order_by arguments: %s" % invalid)
    for name in names:
        if getattr(name, "contains_aggregate", False):
            raise FieldError(
                "Using an aggregate in order_by() without also including it in annotate() is not allowed: %s" % name
            )


def ordered(query, names):
    """The query in that order. A name that begins well is followed no sooner than the query is asked."""
    from django.core.exceptions import FieldError

    try:
        return query.order_by(names)
    except FieldError as error:
        for name in names:
            first, behind, _ = name.partition("__") if isinstance(name, str) else ("", "", "")
            query.order_by([first if behind else name])
        return query.fails_later(error)


def distinct_on(query, names):
    """Refused when the query is asked, as by every database but PostgreSQL; a name without meaning is told first."""
    from django.core.exceptions import FieldError
    from django.db.utils import NotSupportedError

    try:
        query.order_by([name for name in names if name != "pk"])
    except FieldError as error:
        return query.fails_later(error)
    return query.fails_later(NotSupportedError("DISTINCT ON fields is not supported by this database backend"))
