"""Many rows at once."""

import _hallpass
from django.db import transaction


def _attributes(model, one):
    values = {}
    for field in model._meta.table["fields"]:
        attname = field["attname"]
        if field["default"] == "added":
            from django.utils import timezone

            one.__dict__[attname] = timezone.now()
        if "to" in field and one.__dict__.get(attname) is None:
            related = one._state.__dict__.get("_cache", {}).get(field["name"])
            if related is not None:
                if related.pk is None:
                    raise ValueError(
                        "bulk_create() prohibited to prevent data loss due to unsaved related object '%s'." % field["name"]
                    )
                one.__dict__[attname] = related.pk
        if attname in one.__dict__:
            values[attname] = one.__dict__[attname]
    return values


def _watched(objs):
    """The objects, with a bar where there are many."""
    _hallpass.begin_progress(len(objs))
    try:
        for n, one in enumerate(objs):
            if not n % 256:
                _hallpass.progress(n)
            yield one
    finally:
        _hallpass.progress(None)


def create(queryset, objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields):
    if batch_size is not None and batch_size <= 0:
        raise ValueError("Batch size must be a positive integer.")
    if ignore_conflicts and update_conflicts:
        raise ValueError("ignore_conflicts and update_conflicts are mutually exclusive.")
    model = queryset.model
    if update_conflicts:
        _check_conflict_fields(model, update_fields, unique_fields)
    if not objs:
        return objs
    objs = list(objs)
    if not update_conflicts:
        with transaction.breaks():
            if _hallpass.insert_fresh(model._meta.label, objs, bool(ignore_conflicts)):
                return objs
    rows = [_attributes(model, one) for one in (_watched(objs) if len(objs) > 2000 else objs)]
    with transaction.breaks():
        if update_conflicts:
            made = [_upsert(queryset, one, row, update_fields, unique_fields) for one, row in zip(objs, rows)]
        else:
            made = _hallpass.insert_many(model._meta.label, rows, bool(ignore_conflicts))
    pk_name = model._meta.pk_attname
    for one, key in zip(objs, made):
        if isinstance(key, _hallpass.Sealed):
            one._state.sealed = key
        elif key is not None and not ignore_conflicts:
            one.__dict__[pk_name] = key
        one._state.adding = False
        one._state.db = "default"
    return objs


def _check_conflict_fields(model, update_fields, unique_fields):
    if not update_fields:
        raise ValueError("Fields that will be updated when a row insertion fails on conflicts must be provided.")
    if not unique_fields:
        raise ValueError("Unique fields that can trigger the upsert must be provided.")
    for name in update_fields:
        field = model._meta.get_field(name)
        if field.primary_key:
            raise ValueError("bulk_create() cannot be used with primary keys in update_fields.")


def _upsert(queryset, one, row, update_fields, unique_fields):
    model = queryset.model
    names = [model._meta.get_field("pk" if n == "pk" else n).attname if n != "pk" else model._meta.pk_attname for n in unique_fields]
    found = model._base_manager.filter(**{name: row.get(name) for name in names})
    if all(row.get(name) is not None for name in names) and found.exists():
        attnames = [model._meta.get_field(name).attname for name in update_fields]
        found.query.update([(name, row.get(name)) for name in attnames])
        return found.first().pk
    return _hallpass.insert(model._meta.label, row)


def update(queryset, objs, fields, batch_size):
    if batch_size is not None and batch_size <= 0:
        raise ValueError("Batch size must be a positive integer.")
    if not fields:
        raise ValueError("Field names must be given to bulk_update().")
    objs = tuple(objs)
    if any(one.pk is None for one in objs):
        raise ValueError("All bulk_update() objects must have a primary key set.")
    options = queryset.model._meta
    fields = [options.get_field(name) for name in fields]
    if any(not field.concrete or field.many_to_many for field in fields):
        raise ValueError("bulk_update() can only be used with concrete fields.")
    if any(field.primary_key for field in fields):
        raise ValueError("bulk_update() cannot be used with primary key fields.")
    count = 0
    with transaction.atomic():
        for one in objs:
            values = [(field.attname, getattr(one, field.attname)) for field in fields]
            count += queryset.model._base_manager.filter(pk=one.pk).query.update(values)
    return count


bulk_create = create
