"""Reading a row again into its instance."""

from django.core.exceptions import FieldDoesNotExist


def refresh(instance, fields, from_queryset):
    if fields is not None:
        fields = list(fields)
        if not fields:
            return
    query = instance._own_rows(instance.__class__._base_manager if from_queryset is None else from_queryset)
    fresh = query._whole().get()
    if fields is None:
        names = {f["attname"] for f in instance._meta.table["fields"]}
        for name in names:
            if name in fresh.__dict__:
                instance.__dict__[name] = fresh.__dict__[name]
            elif name in instance.__dict__ and "sealed" in fresh._state.__dict__:
                del instance.__dict__[name]
        instance._state.__dict__.pop("_cache", None)
    else:
        for name in fields:
            description = instance._meta.find(name)
            if description is None:
                if name in instance._state.fields_cache:
                    del instance._state.fields_cache[name]
                    continue
                raise FieldDoesNotExist("%s has no field named '%s'" % (instance._meta.object_name, name))
            if description["attname"] == name or "to" in description:
                instance.__dict__[description["attname"]] = getattr(fresh, description["attname"])
            instance._state.fields_cache.pop(description["name"], None)
    instance.__dict__.pop("_prefetched_objects_cache", None)
    if "sealed" in fresh._state.__dict__:
        instance._state.sealed = fresh._state.sealed
    instance._state.db = "default"
