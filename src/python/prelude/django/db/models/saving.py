"""Saving and deleting one instance."""

import _hallpass
from django.db import transaction
from django.db.models import signals
from django.db.utils import DatabaseError, check_alias


def save(instance, args, force_insert, force_update, using, update_fields):
    if args:
        names = ("force_insert", "force_update", "using", "update_fields")
        if len(args) > len(names):
            raise TypeError(
                "Model.save() takes from 1 to %d positional arguments but %d were given" % (len(names) + 1, len(args) + 1)
            )
        given = dict(zip(names, args))
        force_insert = given.get("force_insert", force_insert)
        force_update = given.get("force_update", force_update)
        using = given.get("using", using)
        update_fields = given.get("update_fields", update_fields)
    check_alias(using)
    options = instance._meta
    _check_relations(instance, options)
    if force_insert and (force_update or update_fields):
        raise ValueError("Cannot force both insert and updating in model saving.")
    if not isinstance(force_insert, (bool, tuple)):
        raise TypeError("force_insert must be a bool or tuple.")
    if update_fields is not None:
        if not update_fields:
            return
        update_fields = frozenset(update_fields)
        if not update_fields <= options.written_names:
            raise ValueError(
                "The following fields do not exist in this model, are m2m fields, primary keys, or are non-concrete "
                "fields: %s" % ", ".join(update_fields - options.written_names)
            )
    elif not force_insert and not instance._state.adding and not _hallpass.is_whole(instance):
        deferred = instance.get_deferred_fields()
        if deferred and "sealed" not in instance._state.__dict__:
            update_fields = frozenset(
                f["attname"] for f in options.table["fields"] if f["attname"] not in deferred and not f["beyond"]
            ) - {options.pk_attname}
    instance.save_base(force_insert=force_insert, force_update=force_update, update_fields=update_fields)


def _check_relations(instance, options):
    cache = instance._state.__dict__.get("_cache")
    if not cache:
        return
    for field in options.table["fields"]:
        if "to" not in field or field["name"] not in cache:
            continue
        related = cache[field["name"]]
        if related is None:
            continue
        if related.pk is None:
            raise ValueError(
                "save() prohibited to prevent data loss due to unsaved related object '%s'." % field["name"]
            )
        if instance.__dict__.get(field["attname"]) is None:
            instance.__dict__[field["attname"]] = related.pk
        elif instance.__dict__[field["attname"]] != related.pk:
            del cache[field["name"]]


def save_base(instance, force_insert, force_update, update_fields, raw):
    cls = instance.__class__
    if signals.pre_save.receivers:
        signals.pre_save.send(sender=cls, instance=instance, raw=raw, using="default", update_fields=update_fields)
    with transaction.breaks():
        updated = _write(instance, force_insert, force_update, update_fields)
    state = instance._state
    state.db = "default"
    state.adding = False
    if signals.post_save.receivers:
        signals.post_save.send(
            sender=cls, instance=instance, created=not updated, update_fields=update_fields, raw=raw, using="default"
        )


def _write(instance, force_insert, force_update, update_fields):
    """Writes the row. Whether it was there."""
    must = bool(force_update or update_fields)
    updated = _hallpass.write_plain(instance, bool(force_insert), must, update_fields or None)
    if updated is None:
        updated = _write_any(instance, force_insert, force_update, update_fields)
    elif must and not updated:
        _refuse(force_update)
    return updated


def _refuse(force_update):
    if force_update:
        raise DatabaseError("Forced update did not affect any rows.")
    raise DatabaseError("Save with update_fields did not affect any rows.")


def _write_any(instance, force_insert, force_update, update_fields):
    options = instance._meta
    pk_name = options.pk_attname
    pk = instance.__dict__.get(pk_name)
    sealed = instance._is_sealed()
    values = {}
    expressions = False
    for field in options.table["fields"]:
        attname = field["attname"]
        if attname == pk_name or (update_fields and field["name"] not in update_fields and attname not in update_fields):
            continue
        if attname in instance.__dict__:
            value = instance.__dict__[attname]
            expressions = expressions or hasattr(value, "_node")
            values[attname] = value
    if pk is None and not sealed and (force_update or update_fields):
        raise ValueError("Cannot force an update in save() with no primary key.")
    updated = False
    if (pk is not None or sealed) and not force_insert:
        updated = _update(instance, options, pk, values, expressions)
        if not updated and (force_update or update_fields):
            _refuse(force_update)
    if not updated:
        for field in options.table["fields"]:
            if field["default"] == "added":
                from django.utils import timezone

                values[field["attname"]] = instance.__dict__[field["attname"]] = timezone.now()
        if expressions:
            values = {attname: _inserted(options, attname, value) for attname, value in values.items()}
        values = {pk_name: getattr(instance, pk_name) if sealed else pk, **values}
        made = _hallpass.insert(options.label, values)
        if isinstance(made, _hallpass.Sealed):
            instance._state.sealed = made
        else:
            instance.__dict__[pk_name] = made
    return updated


def _inserted(options, attname, value):
    """What is stored of a value in a new row: a constant, for there is no row yet that it could be computed from."""
    if not hasattr(value, "_node"):
        # A value that cannot be stored is told in the order of the fields.
        options.get_field(attname).get_prep_value(value)
        return value
    from django.db.models import Value

    if isinstance(value, Value):
        return value.value
    import re

    column = r"Col(%s, %s.\1)" % (options.db_table, options.label)
    shown, columns = re.subn(r"\bF\((\w+)\)", column, str(value))
    if columns:
        raise ValueError(
            'Failed to insert expression "%s" on %s.%s. F() expressions can only be used to update, not to insert.'
            % (shown, options.label, attname)
        )
    from django.db.utils import NotSupportedError

    raise NotSupportedError("hallpass computes %s for a row that is there: save it, then update it" % shown)


def _update(instance, options, pk, values, expressions):
    manager = instance.__class__._base_manager
    if instance._is_sealed():
        rows = instance._own_rows(manager)
    else:
        rows = manager.filter(**{options.pk_attname: pk})
    if not values:
        return rows.exists()
    if expressions:
        return rows.query.update(list(values.items())) > 0
    return _hallpass.save(rows.query, values)


def delete(instance):
    options = instance._meta
    pk_name = options.pk_attname
    if not instance._is_sealed() and instance.pk is None:
        raise ValueError(
            "%s object can't be deleted because its %s attribute is set to None." % (options.object_name, pk_name)
        )
    cls = instance.__class__
    counts = delete_rows(cls, instance._own_rows(cls._base_manager), [instance])
    if pk_name in instance.__dict__ or "sealed" in instance._state.__dict__:
        instance.__dict__[pk_name] = None
    return counts


def delete_rows(cls, rows, instances=None):
    """Deletes the rows of a query set, with the signals that somebody listens to."""
    told = signals.pre_delete.receivers or signals.post_delete.receivers
    doomed = []
    if told:
        doomed = list(rows) if instances is None else list(instances)
        doomed = _with_tokens(doomed) + doomed
        for one in doomed:
            origin = rows if instances is None else instances[0]
            signals.pre_delete.send(sender=one.__class__, instance=one, using="default", origin=origin)
    with transaction.breaks():
        counts = rows.query.delete()
    for one in doomed:
        origin = rows if instances is None else instances[0]
        signals.post_delete.send(sender=one.__class__, instance=one, using="default", origin=origin)
    return sum(count for _, count in counts), dict(counts)


def _with_tokens(doomed):
    """The tokens that go with users."""
    found = []
    for one in doomed:
        if one._meta.label == "auth.User":
            from rest_framework.authtoken.models import Token

            found.extend(Token.objects.filter(user_id=one.pk))
    return found
