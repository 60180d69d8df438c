"""What a new password must be like: Django's four default validators, whose verdicts are the program's own."""

import _hallpass
from django.core.exceptions import ValidationError

_CODES = {
    "similarity": "password_too_similar",
    "length": "password_too_short",
    "common": "password_too_common",
    "numeric": "password_entirely_numeric",
}
_ATTRIBUTES = ("username", "first_name", "last_name", "email")


def _faults(password, user=None, attributes=_ATTRIBUTES):
    if user is None:
        return _hallpass.password_faults(password, None)
    told = [str(getattr(user, name, None) or "") if name in attributes else "" for name in _ATTRIBUTES]
    return _hallpass.password_faults(password, told)


class _Validator:
    """One of the four, when the others are not asked."""

    def validate(self, password, user=None):
        for message, code in _faults(password, user):
            if code == _CODES[self._kind]:
                raise ValidationError(message, code=code)

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__


class UserAttributeSimilarityValidator(_Validator):
    _kind = "similarity"
    DEFAULT_USER_ATTRIBUTES = _ATTRIBUTES

    def __init__(self, user_attributes=_ATTRIBUTES, max_similarity=0.7):
        self.user_attributes = user_attributes
        if max_similarity < 0.1:
            raise ValueError("max_similarity must be at least 0.1")
        self.max_similarity = max_similarity

    def validate(self, password, user=None):
        for message, code in _faults(password, user, self.user_attributes) if user else ():
            if code == _CODES["similarity"]:
                raise ValidationError(message, code=code)

    def get_help_text(self):
        return "Your password can\u2019t be too similar to your other personal information."


class MinimumLengthValidator(_Validator):
    _kind = "length"

    def __init__(self, min_length=8):
        self.min_length = min_length

    def validate(self, password, user=None):
        if len(password) < self.min_length:
            raise ValidationError(self.get_error_message(), code="password_too_short",
                                  params={"min_length": self.min_length})

    def _count(self):
        return "%d character%s" % (self.min_length, "" if self.min_length == 1 else "s")

    def get_error_message(self):
        return "This password is too short. It must contain at least %s." % self._count()

    def get_help_text(self):
        return "Your password must contain at least %s." % self._count()


class CommonPasswordValidator(_Validator):
    _kind = "common"

    def get_error_message(self):
        return "This password is too common."

    def get_help_text(self):
        return "Your password can\u2019t be a commonly used password."


class NumericPasswordValidator(_Validator):
    _kind = "numeric"

    def get_error_message(self):
        return "This password is entirely numeric."

    def get_help_text(self):
        return "Your password can\u2019t be entirely numeric."


def get_default_password_validators():
    return [
        UserAttributeSimilarityValidator(),
        MinimumLengthValidator(),
        CommonPasswordValidator(),
        NumericPasswordValidator(),
    ]


def get_password_validators(validator_config):
    from django.utils.module_loading import import_string

    validators = []
    for config in validator_config:
        try:
            cls = import_string(config["NAME"])
        except ImportError:
            from django.core.exceptions import ImproperlyConfigured

            raise ImproperlyConfigured(
                "The module in NAME could not be imported: %s. Check your AUTH_PASSWORD_VALIDATORS setting."
                % config["NAME"]
            )
        validators.append(cls(**config.get("OPTIONS", {})))
    return validators


def validate_password(password, user=None, password_validators=None):
    """Raises a ValidationError with everything that speaks against it."""
    # Python's own words for what has no length.
    len(password)
    if password_validators is None:
        errors = [
            ValidationError(message, code=code, params={"min_length": 8} if code == _CODES["length"] else None)
            for message, code in _faults(password, user)
        ]
    else:
        errors = []
        for validator in password_validators:
            try:
                validator.validate(password, user)
            except ValidationError as error:
                errors.append(error)
    if errors:
        raise ValidationError(errors)


def password_changed(password, user=None, password_validators=None):
    for validator in password_validators or ():
        getattr(validator, "password_changed", lambda *args: None)(password, user)


def password_validators_help_texts(password_validators=None):
    return [validator.get_help_text() for validator in password_validators or get_default_password_validators()]


def password_validators_help_text_html(password_validators=None):
    from django.utils.html import escape, mark_safe

    items = "".join("<li>%s</li>" % escape(text) for text in password_validators_help_texts(password_validators))
    return mark_safe("<ul>%s</ul>" % items if items else "")
