"""Moments that were cut down: Django gives them in the current time zone."""


def is_zoned(expression):
    return hasattr(expression, "as_date") and not expression.as_date


def apply(rows, names, form, value_names):
    """The same rows, with the values of these names in the zone."""
    from django.utils import timezone

    zone = timezone.get_current_timezone()

    def moved(value):
        return value if value is None or not hasattr(value, "hour") else value.astimezone(zone)

    if form is None:
        for one in rows:
            for name in names:
                setattr(one, name, moved(getattr(one, name, None)))
        return rows
    if form == "dict":
        return [{name: moved(value) if name in names else value for name, value in row.items()} for row in rows]
    if form == "flat":
        return [moved(value) for value in rows] if value_names[0] in names else rows
    places = [at for at, name in enumerate(value_names) if name in names]
    return [tuple(moved(value) if at in places else value for at, value in enumerate(row)) for row in rows]
