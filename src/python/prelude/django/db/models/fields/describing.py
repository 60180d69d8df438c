"""What a field says of itself, in words and as its declaration."""

DESCRIPTIONS = {
    "AutoField": "Integer", "BooleanField": "Boolean (Either True or False)", "CharField": "String (up to %(max_length)s)",
    "DateField": "Date (without time)", "DateTimeField": "Date (with time)", "EmailField": "Email address",
    "ForeignKey": "Foreign Key (type determined by related field)", "IntegerField": "Integer",
    "ManyToManyField": "Many-to-many relationship", "OneToOneField": "One-to-one relationship", "TextField": "Text",
}


def deconstruct(field):
    """Name, path, arguments and keywords with which the field would be declared, in Django's order."""
    from django.db.models import fields

    auto = getattr(field, "auto_now_add", False)
    username = field.name == "username"
    given = {
        "verbose_name": (str(field.verbose_name or ""), ""),
        "primary_key": (field.primary_key, False),
        "max_length": (field.max_length, None),
        "unique": (field._unique and not field.primary_key and not field.one_to_one, False),
        "blank": (field.blank and not auto and not field.auto_created, False),
        "null": (field.null, False),
        "default": (field.default, fields.NOT_PROVIDED),
        "serialize": (field.serialize, True),
        "help_text": (field.help_text, ""),
        "auto_created": (field.auto_created, False),
        "validators": (field.validators[:1] if username else None, None),
        "error_messages": ({"unique": field.error_messages["unique"]} if username else None, None),
    }
    kwargs = {name: value for name, (value, usual) in given.items() if value != usual}
    if auto:
        kwargs["auto_now_add"] = True
    if field.is_relation:
        related = field.remote_field
        if related.related_name:
            kwargs["related_name"] = related.related_name
            if field.many_to_many:
                kwargs["related_query_name"] = related.related_query_name
        if not field.many_to_many:
            kwargs["on_delete"] = related.on_delete
        kwargs["to"] = field.related_model._meta.label_lower
    return field.name, "django.db.models.%s" % field.__class__.__name__, [], kwargs
