"""Instances as dicts."""


def model_to_dict(instance, fields=None, exclude=None):
    options = instance._meta
    data = {}
    for field in (*options.fields, *options.many_to_many):
        if not field.editable or fields is not None and field.name not in fields or exclude and field.name in exclude:
            continue
        data[field.name] = field.value_from_object(instance)
    return data
