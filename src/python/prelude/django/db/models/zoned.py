"""What is changed in results: moments that were cut down are in the current time zone, decimals are decimals."""


def is_zoned(expression):
    return hasattr(expression, "as_date") and not expression.as_date


def apply(rows, changes, form, value_names):
    """The same rows, with the values of these names changed."""
    from django.db.models import kinds
    from django.utils import timezone

    zone = timezone.get_current_timezone()
    changes = dict(changes)

    def changed(name, value):
        kind = changes.get(name)
        if kind is None or value is None:
            return value
        if kind == "zone":
            return value.astimezone(zone) if hasattr(value, "hour") else value
        return kinds.read(value, kind)

    if form is None:
        for one in rows:
            for name in changes:
                if name in one.__dict__:
                    setattr(one, name, changed(name, getattr(one, name)))
        return rows
    if form == "dict":
        return [{name: changed(name, value) for name, value in row.items()} for row in rows]
    if form == "flat":
        return [changed(value_names[0], value) for value in rows]
    return [tuple(changed(name, value) for name, value in zip(value_names, row)) for row in rows]
