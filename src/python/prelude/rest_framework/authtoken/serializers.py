"""What `/api-token-auth/` asks of a body, for a script that wants to see it."""

from rest_framework.exceptions import ErrorDetail, ValidationError


def _checked(name, data, trim):
    """The text of a field, or what is wrong with it."""
    if name not in data:
        raise ValidationError("This field is required.", code="required")
    value = data[name]
    if value is None:
        raise ValidationError("This field may not be null.", code="null")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValidationError("Not a valid string.", code="invalid")
    text = str(value).strip() if trim else str(value)
    if not text:
        raise ValidationError("This field may not be blank.", code="blank")
    return text


class AuthTokenSerializer:
    def __init__(self, instance=None, data=None, context=None, **kwargs):
        self.instance, self.initial_data, self.context = instance, data, context or {}

    def validate(self, attrs):
        from django.contrib.auth import authenticate

        user = authenticate(self.context.get("request"), username=attrs["username"], password=attrs["password"])
        if not user:
            raise ValidationError("Unable to log in with provided credentials.", code="authorization")
        attrs["user"] = user
        return attrs

    def is_valid(self, *, raise_exception=False):
        self.errors, attrs = {}, {}
        if not hasattr(self.initial_data, "items"):
            text = "Invalid data. Expected a dictionary, but got %s." % type(self.initial_data).__name__
            self.errors = {"non_field_errors": [ErrorDetail(text, "invalid")]}
        else:
            for name in ("username", "password"):
                try:
                    attrs[name] = _checked(name, self.initial_data, name == "username")
                except ValidationError as error:
                    self.errors[name] = error.detail
        if not self.errors:
            try:
                attrs = self.validate(attrs)
            except ValidationError as error:
                self.errors["non_field_errors"] = error.detail
        self.validated_data = {} if self.errors else attrs
        if self.errors and raise_exception:
            raise ValidationError(self.errors)
        return not self.errors

    @property
    def data(self):
        return {"username": getattr(self, "validated_data", {}).get("username", "")}
