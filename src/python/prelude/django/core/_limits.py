"""The validators of limits; they are found in django.core.validators."""

from django.core.validators import ValidationError, _Validator
from django.utils.translation import ngettext_lazy


class BaseValidator(_Validator):
    message = "Ensure this value is %(limit_value)s (it is %(show_value)s)."
    code = "limit_value"

    def __init__(self, limit_value, message=None):
        self.limit_value = limit_value
        self._take(message=message)

    def __call__(self, value):
        cleaned = self.clean(value)
        limit = self.limit_value() if callable(self.limit_value) else self.limit_value
        if self.compare(cleaned, limit):
            params = {"limit_value": limit, "show_value": cleaned, "value": value}
            raise ValidationError(self.message, code=self.code, params=params)

    def compare(self, a, b):
        return a is not b

    def clean(self, x):
        return x


class MaxValueValidator(BaseValidator):
    message = "Ensure this value is less than or equal to %(limit_value)s."
    code = "max_value"

    def compare(self, a, b):
        return a > b


class MinValueValidator(BaseValidator):
    message = "Ensure this value is greater than or equal to %(limit_value)s."
    code = "min_value"

    def compare(self, a, b):
        return a < b


class StepValueValidator(BaseValidator):
    message = "Ensure this value is a multiple of step size %(limit_value)s."
    code = "step_size"

    def __init__(self, limit_value, message=None, offset=None):
        super().__init__(limit_value, message)
        self.offset = offset

    def compare(self, a, b):
        import math

        rest = math.remainder(a - (self.offset or 0), b)
        return not math.isclose(rest, 0, abs_tol=1e-9)


def _length(words):
    return ngettext_lazy(
        "Ensure this value has %s %%(limit_value)d character (it has %%(show_value)d)." % words,
        "Ensure this value has %s %%(limit_value)d characters (it has %%(show_value)d)." % words,
        "limit_value",
    )


class MinLengthValidator(BaseValidator):
    message = _length("at least")
    code = "min_length"

    def compare(self, a, b):
        return a < b

    def clean(self, x):
        return len(x)


class MaxLengthValidator(MinLengthValidator):
    message = _length("at most")
    code = "max_length"

    def compare(self, a, b):
        return a > b


class DecimalValidator(_Validator):
    messages = {
        "invalid": "Enter a number.",
        "max_digits": ngettext_lazy(
            "Ensure that there are no more than %(max)s digit in total.",
            "Ensure that there are no more than %(max)s digits in total.",
            "max",
        ),
        "max_decimal_places": ngettext_lazy(
            "Ensure that there are no more than %(max)s decimal place.",
            "Ensure that there are no more than %(max)s decimal places.",
            "max",
        ),
        "max_whole_digits": ngettext_lazy(
            "Ensure that there are no more than %(max)s digit before the decimal point.",
            "Ensure that there are no more than %(max)s digits before the decimal point.",
            "max",
        ),
    }

    def __init__(self, max_digits, decimal_places):
        self.max_digits = max_digits
        self.decimal_places = decimal_places

    def __call__(self, value):
        _, digit_tuple, exponent = value.as_tuple()
        if exponent in ("F", "n", "N"):
            raise ValidationError(self.messages["invalid"], code="invalid", params={"value": value})
        digits = len(digit_tuple) + max(exponent, 0) if digit_tuple != (0,) else 1
        decimals = max(-exponent, 0)
        digits = max(digits, decimals)
        whole = None if self.max_digits is None or self.decimal_places is None else self.max_digits - self.decimal_places
        for code, found, limit in (
            ("max_digits", digits, self.max_digits),
            ("max_decimal_places", decimals, self.decimal_places),
            ("max_whole_digits", digits - decimals, whole),
        ):
            if limit is not None and found > limit:
                raise ValidationError(self.messages[code], code=code, params={"max": limit, "value": value})


class FileExtensionValidator(_Validator):
    message = (
        "File extension \u201c%(extension)s\u201d is not allowed. Allowed extensions are: %(allowed_extensions)s."
    )
    code = "invalid_extension"

    def __init__(self, allowed_extensions=None, message=None, code=None):
        self.allowed_extensions = allowed_extensions and [one.lower() for one in allowed_extensions]
        self._take(message=message, code=code)

    def __call__(self, value):
        extension = value.name.rpartition("/")[2].rpartition(".")[2].lower() if "." in value.name else ""
        if self.allowed_extensions is not None and extension not in self.allowed_extensions:
            params = {
                "extension": extension, "allowed_extensions": ", ".join(self.allowed_extensions), "value": value
            }
            raise ValidationError(self.message, code=self.code, params=params)


class ProhibitNullCharactersValidator(_Validator):
    message = "Null characters are not allowed."
    code = "null_characters_not_allowed"

    def __init__(self, message=None, code=None):
        self._take(message=message, code=code)

    def __call__(self, value):
        if "\x00" in str(value):
            self._refuse(value)


def __getattr__(name):
    raise AttributeError("module 'django.core.validators' has no attribute %r" % name)


for _class in list(globals().values()):
    if isinstance(_class, type) and _class.__module__ == __name__:
        # Where they are found by those who look for them.
        _class.__module__ = "django.core.validators"
