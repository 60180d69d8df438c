"""`full_clean`: the checks of what a person typed."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


def validators(field):
    from django.core import validators

    found = []
    if field.name == "username":
        from django.contrib.auth.validators import UnicodeUsernameValidator

        found.append(UnicodeUsernameValidator())
    if field.__class__.__name__ == "EmailField":
        found.append(validators.validate_email)
    if field.max_length is not None:
        found.append(validators.MaxLengthValidator(field.max_length))
    return found


_MOMENT = "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]"
_OF_KIND = {
    "AutoField": {"invalid": "“%(value)s” value must be an integer."},
    "IntegerField": {"invalid": "“%(value)s” value must be an integer."},
    "PositiveSmallIntegerField": {"invalid": "“%(value)s” value must be an integer."},
    "BooleanField": {
        "invalid": "“%(value)s” value must be either True or False.",
        "invalid_nullable": "“%(value)s” value must be either True, False, or None.",
    },
    "DateTimeField": {
        "invalid": "“%(value)s” value has an invalid format. It must be in " + _MOMENT + " format.",
        "invalid_date": "“%(value)s” value has the correct format (YYYY-MM-DD) but it is an invalid date.",
        "invalid_datetime": "“%(value)s” value has the correct format (" + _MOMENT + ") but it is an invalid date/time.",
    },
    "ForeignKey": {"invalid": "%(model)s instance with %(field)s %(value)r is not a valid choice."},
    "OneToOneField": {"invalid": "%(model)s instance with %(field)s %(value)r is not a valid choice."},
}


def own_messages(field):
    """The messages that the class of a field has, or those of every field where it has none."""
    return _OF_KIND.get(field.__class__.__name__) or {**messages(field), "unique": _TAKEN}


_TAKEN = "%(model_name)s with this %(field_label)s already exists."


def messages(field):
    found = {
        "invalid_choice": "Value %(value)r is not a valid choice.",
        "null": "This field cannot be null.",
        "blank": "This field cannot be blank.",
        "unique": "%(model_name)s with this %(field_label)s already exists.",
        "unique_for_date": "%(field_label)s must be unique for %(date_field_label)s %(lookup_type)s.",
    }
    found.update(_OF_KIND.get(field.__class__.__name__, {}))
    if field.name == "username":
        found["unique"] = "A user with that username already exists."
    return found


def validate(field, value):
    if not field.editable or field.auto_created:
        return
    if value is None and not field.null:
        raise ValidationError("This field cannot be null.", code="null")
    if not field.blank and value in field.empty_values:
        raise ValidationError("This field cannot be blank.", code="blank")


def clean(field, value, instance):
    value = field.to_python(value)
    field.validate(value, instance)
    if value in field.empty_values:
        return value
    if field.is_relation:
        _check_related(field, value)
        return value
    run_validators(validators(field), value)
    return value


def run_validators(checks, value):
    errors = []
    for check in checks:
        try:
            check(value)
        except ValidationError as error:
            errors.extend(error.error_list)
    if errors:
        raise ValidationError(errors)


def _check_related(field, value):
    if not field.related_model._base_manager.filter(pk=value).exists():
        name = field.related_model._meta.verbose_name
        raise ValidationError(
            "%(model)s instance with %(field)s %(value)r is not a valid choice.",
            code="invalid",
            params={"model": name, "pk": value, "field": field.target_field.name, "value": value},
        )


def clean_fields(instance, exclude=None):
    exclude = exclude or ()
    errors = {}
    for field in instance._meta.fields:
        if field.name in exclude:
            continue
        raw = getattr(instance, field.attname)
        if field.blank and raw in field.empty_values:
            continue
        try:
            setattr(instance, field.attname, clean(field, raw, instance))
        except ValidationError as error:
            errors[field.name] = error.error_list
    if errors:
        raise ValidationError(errors)


def full_clean(instance, exclude, check_unique):
    errors = {}
    exclude = set(exclude or ())
    for step in ("fields", "clean", "unique"):
        try:
            if step == "fields":
                instance.clean_fields(exclude=exclude)
            elif step == "clean":
                instance.clean()
            elif check_unique:
                exclude.update(name for name in errors if name != NON_FIELD_ERRORS)
                instance.validate_unique(exclude=exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
    if errors:
        raise ValidationError(errors)


def _capital(text):
    return text[:1].upper() + text[1:]


def validate_unique(instance, exclude=None):
    exclude = exclude or ()
    options = instance._meta
    errors = {}
    manager = instance.__class__._default_manager
    checks = [(field.name,) for field in options.fields if field.unique and field.name not in exclude]
    checks = [tuple(names) for names in options.unique_together if not set(names) & set(exclude)] + checks
    for names in checks:
        fields = [options.get_field(name) for name in names]
        values = {field.attname: getattr(instance, field.attname) for field in fields}
        if any(value is None or value == "" and fields[0].primary_key for value in values.values()):
            continue
        if fields[0].primary_key and not instance._state.adding:
            continue
        found = manager.filter(**values)
        if not instance._state.adding and instance.pk is not None:
            found = found.exclude(pk=instance.pk)
        if found.exists():
            _report(errors, instance, fields)
    if errors:
        raise ValidationError(errors)


def _report(errors, instance, fields):
    names = [field.name for field in fields]
    where = names[0] if len(names) == 1 else NON_FIELD_ERRORS
    errors.setdefault(where, []).append(unique_error(instance, instance.__class__, names))


def unique_error(instance, model_class, names):
    """What is said of values that another row has."""
    options = model_class._meta
    fields = [options.get_field(name) for name in names]
    labels = [_capital(field.verbose_name) for field in fields]
    params = {
        "model": instance, "model_class": model_class, "model_name": _capital(options.verbose_name),
        "unique_check": tuple(names),
    }
    if len(fields) == 1:
        params["field_label"] = labels[0]
        return ValidationError(messages(fields[0])["unique"], code="unique", params=params)
    params["field_labels"] = ", ".join(labels[:-1]) + " and " + labels[-1]
    return ValidationError(
        "%(model_name)s with this %(field_labels)s already exists.", code="unique_together", params=params
    )
