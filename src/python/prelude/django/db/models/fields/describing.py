"""What a field says of itself, in words and as its declaration."""

DESCRIPTIONS = {
    "AutoField": "Integer", "BooleanField": "Boolean (Either True or False)", "CharField": "String (up to %(max_length)s)",
    "DateField": "Date (without time)", "DateTimeField": "Date (with time)", "EmailField": "Email address",
    "ForeignKey": "Foreign Key (type determined by related field)", "IntegerField": "Integer",
    "ManyToManyField": "Many-to-many relationship", "OneToOneField": "One-to-one relationship", "TextField": "Text",
}


def deconstruct(field):
    """Name, path, arguments and keywords with which the field would be declared."""
    from django.db.models import fields

    path = "django.db.models.%s" % field.__class__.__name__
    kwargs = {}
    if field.verbose_name and field.verbose_name != (field.name or "").replace("_", " "):
        kwargs["verbose_name"] = field.verbose_name
    for name, usual in (("primary_key", False), ("max_length", None), ("null", False), ("blank", False)):
        if getattr(field, name) != usual:
            kwargs[name] = getattr(field, name)
    if field._unique and not field.primary_key:
        kwargs["unique"] = True
    if field.default is not fields.NOT_PROVIDED:
        kwargs["default"] = field.default
    if field.help_text:
        kwargs["help_text"] = field.help_text
    return field.name, path, [], kwargs
