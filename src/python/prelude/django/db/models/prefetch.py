"""Related rows read beforehand, all of them at once: `select_related`, `prefetch_related`, `Prefetch`."""

import copy

from django import apps
from django.db.models import writing


class Prefetch:
    """Which related rows are wanted, and where they are to be found."""

    def __init__(self, lookup, queryset=None, to_attr=None):
        self.prefetch_through = lookup
        self.prefetch_to = lookup
        if to_attr:
            self.prefetch_to = "__".join([*lookup.split("__")[:-1], to_attr])
        if queryset is not None and queryset._form is not None:
            raise ValueError("Prefetch querysets cannot use raw(), values(), and values_list().")
        self.queryset, self.to_attr = queryset, to_attr

    def add_prefix(self, prefix):
        self.prefetch_to = prefix + "__" + self.prefetch_to
        self.prefetch_through = prefix + "__" + self.prefetch_through

    def __eq__(self, other):
        return isinstance(other, Prefetch) and self.prefetch_to == other.prefetch_to

    def __hash__(self):
        return hash((Prefetch, self.prefetch_to))


Prefetch.__module__ = "django.db.models.query"


def _nested(paths):
    """`a__b` and `a__c` as what follows each first name."""
    tree = {}
    for path in paths:
        first, *rest = path.split("__", 1)
        tree.setdefault(first, [])
        if rest:
            tree[first].extend(rest)
    return tree


def check_select(model, fields):
    """Refuses names that are no relation to one row, at every level, as Django does when the query runs."""
    from django.core.exceptions import FieldError

    table = model._meta.table
    backward = {query: label for label, _, query, _ in table["reverses"] if query == "auth_token"}
    forward = {field["name"]: field["to"] for field in table["fields"] if "to" in field}
    plain = [field["name"] for field in table["fields"] if "to" not in field and not field["beyond"]]
    choices = ", ".join([*forward, *backward]) or "(none)"
    asked = _nested(fields)
    for name in plain:
        if name in asked:
            raise FieldError("Non-relational field given in select_related: '%s'. Choices are: %s" % (name, choices))
    known = {**forward, **backward}
    for name, label in known.items():
        if name in asked:
            check_select(apps.load(label), asked[name])
    unknown = [name for name in asked if name not in known]
    if unknown:
        listed = ", ".join("'%s'" % name for name in unknown)
        raise FieldError("Invalid field name(s) given in select_related: %s. Choices are: %s" % (listed, choices))


def select(model, instances, fields):
    """Fills in the rows that `select_related` asked for; without names, those of every relation that must be there."""
    table = model._meta.table
    if not fields:
        fields = [field["name"] for field in table["fields"] if "to" in field and not field["null"]]
    for name, rest in _nested(fields).items():
        description = model._meta.find(name)
        if description is not None and "to" in description:
            other = apps.load(description["to"])
            related = _forward(instances, name, description["attname"], other)
        else:
            other = apps.load(next(label for label, _, query_name, _ in table["reverses"] if query_name == name))
            related = _backward(instances, name, other)
        if rest and related:
            select(other, related, rest)


def _forward(instances, name, attname, other):
    missing = [one for one in instances if name not in one._state.fields_cache]
    keys = {getattr(one, attname) for one in missing} - {None}
    found = other._base_manager.filter(pk__in=keys).in_bulk() if keys else {}
    related = []
    given = set()
    for one in missing:
        key = getattr(one, attname)
        if key is not None and key not in found:
            continue
        value = None if key is None else found[key]
        # Each has its own, as if it had been read with it.
        if key in given:
            value = copy.copy(value)
        given.add(key)
        one._state.fields_cache[name] = value
        if value is not None:
            related.append(value)
    return related


def _backward(instances, name, other):
    missing = [one for one in instances if name not in one._state.fields_cache]
    found = {token.user_id: token for token in other._base_manager.filter(user_id__in=[one.pk for one in missing])}
    for one in missing:
        related = found.get(one.pk)
        if related is not None:
            related._state.fields_cache["user"] = one
        one._state.fields_cache[name] = related
    return list(found.values())


def prefetch(instances, lookups):
    """Fills in the rows that `prefetch_related` asked for."""
    done = set()
    for lookup in lookups:
        given = lookup if isinstance(lookup, Prefetch) else Prefetch(lookup)
        level = list(instances)
        names = given.prefetch_through.split("__")
        shown = given.prefetch_to.split("__")
        for place, name in enumerate(names):
            if not level:
                break
            last = place == len(names) - 1
            path = "__".join(shown[: place + 1])
            queryset = given.queryset if last else None
            if path in done:
                if last and given.queryset is not None:
                    raise ValueError(
                        "'%s' lookup was already seen with a different queryset. You may need to adjust the ordering of "
                        "your lookups." % path
                    )
                level = _held(level, shown[place])
                continue
            done.add(path)
            level = _one(level, name, given.prefetch_through, queryset, given.to_attr if last else None)


def _held(level, name):
    found = []
    for one in level:
        value = getattr(one, name, None)
        if value is None:
            continue
        found.extend(value.all() if hasattr(value, "all") else value if isinstance(value, list) else [value])
    return found


def _one(level, name, path, queryset, to_attr):
    model = type(level[0])
    writing.check_prefetched(model, name, path)
    descriptor = getattr(model, name)
    if hasattr(descriptor, "_through"):
        return _many(level, name, descriptor, queryset, to_attr)
    if hasattr(descriptor, "_query_name"):
        return _referring(level, name, descriptor, queryset, to_attr)
    if not hasattr(descriptor, "is_cached"):
        raise ValueError(
            "'%s' does not resolve to an item that supports prefetching - this is an invalid parameter to "
            "prefetch_related()." % path
        )
    select(model, level, [name])
    found = [one._state.fields_cache.get(name) for one in level]
    if queryset is not None:
        found = [value and queryset.filter(pk=value.pk).first() for value in found]
        if not to_attr:
            for one, value in zip(level, found):
                one._state.fields_cache[name] = value
    if to_attr:
        for one, value in zip(level, found):
            setattr(one, to_attr, value)
    return [value for value in found if value is not None]


def _put(one, name, values, queryset, to_attr):
    if to_attr:
        setattr(one, to_attr, values)
        return
    manager = getattr(one, name)
    held = manager.get_queryset() if queryset is None else queryset._chain()
    held._result_cache = values
    one.__dict__.setdefault("_prefetched_objects_cache", {})[name] = held


def _many(level, name, descriptor, queryset, to_attr):
    through = descriptor.through
    other = apps.load(descriptor._other)
    rows = other._default_manager.all() if queryset is None else queryset
    near, far = _ends(through, descriptor)
    links = list(through._base_manager.filter(**{near + "__in": [one.pk for one in level]}).values_list(near, far))
    ordered = list(rows.filter(pk__in={there for _, there in links}))
    places = {related.pk: place for place, related in enumerate(ordered)}
    wanted = {}
    for here, there in links:
        if there in places:
            wanted.setdefault(here, []).append(places[there])
    for one in level:
        _put(one, name, [ordered[place] for place in sorted(wanted.get(one.pk, ()))], queryset, to_attr)
    return ordered


def _ends(through, descriptor):
    fields = through._meta.table["fields"]
    left, right = fields[1]["attname"], fields[2]["attname"]
    return (right, left) if descriptor.reverse else (left, right)


def _referring(level, name, descriptor, queryset, to_attr):
    other = apps.load(descriptor._other)
    rows = other._default_manager.all() if queryset is None else queryset
    attname = other._meta.find(descriptor._field)["attname"]
    by = {}
    ordered = list(rows.filter(**{attname + "__in": [one.pk for one in level]}))
    for related in ordered:
        by.setdefault(getattr(related, attname), []).append(related)
    for one in level:
        values = by.get(one.pk, [])
        for related in values:
            related._state.fields_cache[descriptor._field] = one
        _put(one, name, values, queryset, to_attr)
    return ordered
