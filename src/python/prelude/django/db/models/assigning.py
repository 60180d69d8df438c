"""What `update` assigns to which attribute."""


def assignments(model, kwargs):
    """Pairs of an attribute and a value, from the arguments of `update`."""
    options = model._meta
    pairs = []
    for name, value in kwargs.items():
        description = options.find(name)
        if description is None or description.get("beyond"):
            # A relation that is seen from here only has no column, and Django stumbles over it.
            if not getattr(options.get_field(name), "concrete", False):
                raise AttributeError("'%s' object has no attribute 'generated'" % type(options.get_field(name)).__name__)
        if "through" in description:
            from django.core.exceptions import FieldError

            raise FieldError(
                "Cannot update model field %r (only non-relations and foreign keys permitted)." % options.get_field(name)
            )
        if getattr(value, "contains_aggregate", False):
            from django.core.exceptions import FieldError

            raise FieldError(
                "Aggregate functions are not allowed in this query (%s=%r)." % (name, _resolved(value, model))
            )
        pairs.append((description["attname"], value))
    return pairs


class _Column(str):
    """The column of a field, as an expression shows it."""

    __repr__ = str.__str__


def _resolved(expression, model):
    """An expression with columns in the place of names, to be shown."""
    import copy

    from django.db.models.expressions import F

    if isinstance(expression, F):
        if "__" in expression.name or getattr(model._meta.get_field(expression.name), "many_to_many", False):
            from django.core.exceptions import FieldError

            raise FieldError("Joined field references are not permitted in this query")
        field = model._meta.get_field(expression.name)
        return _Column("Col(%s, %s)" % (model._meta.db_table, field))
    made = copy.copy(expression)
    for name in ("expression", "lhs", "rhs"):
        if name in made.__dict__:
            setattr(made, name, _resolved(made.__dict__[name], model))
    if "source" in made.__dict__:
        made.source = [_resolved(one, model) for one in made.source]
    return made


def _default(description):
    """What a field of a new instance holds that nobody gave a value."""
    kind = description["default"]
    if kind == "false":
        return False
    if kind == "true":
        return True
    if kind == "now":
        from django.utils import timezone

        return timezone.now()
    if not description["null"] and description["class"] in ("CharField", "EmailField", "TextField"):
        return ""
    return None
