"""Checks of single values: each raises a ValidationError."""

from django.core.exceptions import ValidationError

_LIMITS = (
    "BaseValidator", "MaxValueValidator", "MinValueValidator", "StepValueValidator", "MinLengthValidator",
    "MaxLengthValidator", "DecimalValidator", "FileExtensionValidator", "ProhibitNullCharactersValidator",
)
__all__ = (
    "EMPTY_VALUES", "RegexValidator", "EmailValidator", "validate_email", "DomainNameValidator",
    "validate_domain_name", "URLValidator", "integer_validator", "validate_integer", "validate_slug",
    "validate_unicode_slug", "int_list_validator", "validate_comma_separated_integer_list", "validate_ipv4_address",
    "validate_ipv6_address", "validate_ipv46_address", "ValidationError", *_LIMITS,
)
EMPTY_VALUES = (None, "", [], (), {})


class _Validator:
    """Two are equal when they are of one class and would say the same."""

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = object.__hash__

    def _take(self, **given):
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)

    def _refuse(self, value):
        raise ValidationError(self.message, code=self.code, params={"value": value})


class RegexValidator(_Validator):
    regex = ""
    message = "Enter a valid value."
    code = "invalid"
    inverse_match = False
    flags = 0

    def __init__(self, regex=None, message=None, code=None, inverse_match=None, flags=None):
        self._take(regex=regex, message=message, code=code, inverse_match=inverse_match, flags=flags)
        if self.flags and not isinstance(self.regex, str):
            raise TypeError("If the flags are set, regex must be a regular expression string.")

    def __call__(self, value):
        import re

        pattern = re.compile(self.regex, self.flags) if isinstance(self.regex, str) else self.regex
        if bool(pattern.search(str(value))) is bool(self.inverse_match):
            self._refuse(value)


def _is_label(part):
    """Whether it can stand between two dots of a domain's name."""
    return (
        0 < len(part) <= 63 and part[0] != "-" and part[-1] != "-"
        and all(c == "-" or (c.isalnum() if c.isascii() else "\u00a1" <= c <= "\uffff") for c in part)
    )


def _is_domain(text):
    *labels, top = text.split(".")
    if not labels or not all(_is_label(label) for label in [*labels, top]):
        return False
    # The last part has no digits, unless it is a name in Punycode.
    coded = top.lower().startswith("xn--") and len(top) > 4
    return len(top) >= 2 and (coded or not any("0" <= c <= "9" for c in top))


class EmailValidator(_Validator):
    message = "Enter a valid email address."
    code = "invalid"
    domain_allowlist = ["localhost"]

    def __init__(self, message=None, code=None, allowlist=None):
        self._take(message=message, code=code, domain_allowlist=allowlist)

    def __call__(self, value):
        # 320 characters is the longest address there can be (RFC 3696).
        if not value or "@" not in value or len(value) > 320:
            self._refuse(value)
        user, _, domain = value.rpartition("@")
        if not _is_local_part(user):
            self._refuse(value)
        if domain in self.domain_allowlist or self.validate_domain_part(domain):
            return
        try:
            domain = domain.encode("idna").decode("ascii")
        except (UnicodeError, LookupError):
            self._refuse(value)
        if not self.validate_domain_part(domain):
            self._refuse(value)

    def validate_domain_part(self, domain_part):
        if domain_part.startswith("[") and domain_part.endswith("]"):
            return _is_address(domain_part[1:-1])
        return _is_domain(domain_part)


def _is_local_part(text):
    if len(text) > 1 and text[0] == text[-1] == '"':
        inside = iter(text[1:-1])
        for c in inside:
            if c == "\\":
                c = next(inside, "\n")
                if c in "\n\r" or not 0 < ord(c) < 128:
                    return False
            elif c in '"\t\n\r ' or not 0 < ord(c) < 128:
                return False
        return True
    return all(
        atom and all((c.isascii() and c.isalnum()) or c in "!#$%&'*+/=?^_`{}|~-" for c in atom)
        for atom in text.split(".")
    )


def _is_address(text):
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


validate_email = EmailValidator()


class DomainNameValidator(_Validator):
    message = "Enter a valid domain name."
    code = "invalid"
    accept_idna = True

    def __init__(self, message=None, code=None, accept_idna=None):
        self._take(message=message, code=code, accept_idna=accept_idna)

    def __call__(self, value):
        if not isinstance(value, str) or len(value) > 255:
            self._refuse(value)
        name = value.removesuffix(".")
        if self.accept_idna and not name.isascii():
            try:
                name = name.encode("idna").decode("ascii")
            except (UnicodeError, LookupError):
                self._refuse(value)
        if not _is_domain(name):
            self._refuse(value)


validate_domain_name = DomainNameValidator()


class URLValidator(_Validator):
    message = "Enter a valid URL."
    code = "invalid"
    schemes = ["http", "https", "ftp", "ftps"]
    max_length = 2048

    def __init__(self, schemes=None, message=None, code=None, regex=None, **kwargs):
        self._take(schemes=schemes, message=message, code=code)

    def __call__(self, value):
        if not isinstance(value, str) or len(value) > self.max_length or any(c in "\t\r\n" for c in value):
            self._refuse(value)
        if not self._is_url(value):
            self._refuse(value)

    def _is_url(self, value):
        import re

        scheme, colon, rest = value.partition("://")
        if not colon or scheme.lower() not in self.schemes or any(c.isspace() for c in rest):
            return False
        authority, path = re.match(r"([^/?#]*)(.*)\Z", rest).groups()
        host = re.match(r"(?:[^\s:@/]+(?::[^\s:@/]*)?@)?(\[[^\]]*\]|[^:\[\]]*)(?::[0-9]{1,5})?\Z", authority)
        if host is None:
            return False
        name = host[1]
        if name.startswith("["):
            return ":" in name and _is_address(name[1:-1])
        if name.replace(".", "").isdigit() and name.count(".") == 3:
            return _is_address(name)
        if name == "localhost":
            return True
        try:
            name = name.removesuffix(".")
            return _is_domain(name if name.isascii() else name.encode("idna").decode("ascii"))
        except (UnicodeError, LookupError):
            return False


def _pattern(regex, message, code="invalid"):
    return RegexValidator(regex, message, code)


integer_validator = _pattern(r"^-?\d+\Z", "Enter a valid integer.")
validate_slug = _pattern(
    r"^[-a-zA-Z0-9_]+\Z", "Enter a valid \u201cslug\u201d consisting of letters, numbers, underscores or hyphens."
)
validate_unicode_slug = _pattern(
    r"^[-\w]+\Z",
    "Enter a valid \u201cslug\u201d consisting of Unicode letters, numbers, underscores, or hyphens.",
)


def validate_integer(value):
    integer_validator(value)


def int_list_validator(sep=",", message=None, code="invalid", allow_negative=False):
    import re

    number = r"-?\d+" if allow_negative else r"\d+"
    return RegexValidator(r"^%s(?:%s%s)*\Z" % (number, re.escape(sep), number), message, code)


def validate_comma_separated_integer_list(value):
    int_list_validator(message="Enter only digits separated by commas.")(value)


def validate_ipv4_address(value):
    import ipaddress

    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise ValidationError(
            "Enter a valid %(protocol)s address.", code="invalid", params={"protocol": "IPv4", "value": value}
        )


def validate_ipv6_address(value):
    from django.utils.ipv6 import is_valid_ipv6_address

    if not is_valid_ipv6_address(value):
        raise ValidationError(
            "Enter a valid %(protocol)s address.", code="invalid", params={"protocol": "IPv6", "value": value}
        )


def validate_ipv46_address(value):
    if not _is_address(value):
        raise ValidationError(
            "Enter a valid %(protocol)s address.", code="invalid", params={"protocol": "IPv4 or IPv6", "value": value}
        )


def __getattr__(name):
    # The validators of limits, which no field of ours needs unless it is cleaned.
    if name not in _LIMITS:
        raise AttributeError("module 'django.core.validators' has no attribute %r" % name)
    from django.core import _limits

    return getattr(_limits, name)
