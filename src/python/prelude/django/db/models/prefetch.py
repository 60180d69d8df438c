"""`Prefetch`: which related rows are wanted beforehand, and which of them. Plain names are read when they are asked for."""


class Prefetch:
    def __init__(self, lookup, queryset=None, to_attr=None):
        self.prefetch_through = lookup
        self.prefetch_to = "__".join([*lookup.split("__")[:-1], to_attr or lookup.split("__")[-1]])
        if queryset is not None and queryset._form is not None:
            raise ValueError("Prefetch querysets cannot use raw(), values(), and values_list().")
        self.queryset, self.to_attr = queryset, to_attr

    def add_prefix(self, prefix):
        self.prefetch_through = prefix + "__" + self.prefetch_through
        self.prefetch_to = prefix + "__" + self.prefetch_to

    def __eq__(self, other):
        return isinstance(other, Prefetch) and self.prefetch_to == other.prefetch_to

    def __hash__(self):
        return hash((Prefetch, self.prefetch_to))


def choosing(lookups):
    """Those that are more than a name: they decide which rows are found, or where."""
    return tuple(one for one in lookups if isinstance(one, Prefetch) and (one.queryset is not None or one.to_attr))


def apply(instances, lookups):
    for lookup in lookups:
        _fetch(instances, lookup.prefetch_through.split("__"), lookup.queryset, lookup.to_attr)


def _fetch(instances, path, queryset, to_attr):
    name, *deeper = path
    for one in instances:
        if not hasattr(one, name):
            if deeper or hasattr(type(one), name):
                continue
            raise AttributeError(
                "Cannot find '%s' on %s object, '%s' is an invalid parameter to prefetch_related()"
                % (name, type(one).__name__, "__".join(path))
            )
        related = getattr(one, name)
        if hasattr(related, "get_queryset"):
            found = _kept(related, None if deeper else queryset)
            if to_attr and not deeper:
                setattr(one, to_attr, list(found))
            else:
                one.__dict__.setdefault("_prefetched_objects_cache", {})[type(related)] = found
        else:
            found = [related]
            if not deeper and queryset is not None:
                related = queryset.filter(pk=related.pk).first()
            if not deeper:
                setattr(one, to_attr, related) if to_attr else one._state.fields_cache.__setitem__(name, related)
        if deeper:
            _fetch(list(found), deeper, queryset, to_attr)


def _kept(manager, queryset):
    """The related rows, read already."""
    found = manager.get_queryset() if queryset is None else queryset.filter(**manager._core)
    found._fetch_all()
    return found
