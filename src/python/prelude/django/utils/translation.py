"""Texts as they are: there is one language, en-us."""

from django.utils.functional import lazystr

_language = "en-us"


def gettext(message):
    return str(message)


def gettext_noop(message):
    return message


def gettext_lazy(message):
    return lazystr(message)


def ngettext(singular, plural, number):
    return singular if number == 1 else plural


class _Plural(str):
    """Chooses its form when a number is put into it."""

    def __new__(cls, singular, plural, number):
        text = super().__new__(cls, plural)
        text.forms = singular, plural, number
        return text

    def __mod__(self, rhs):
        singular, plural, number = self.forms
        count = rhs if number is None else number
        if isinstance(number, str) or isinstance(count, dict):
            try:
                count = rhs[number]
            except KeyError:
                raise KeyError(
                    "Your dictionary lacks key '%s'. Please provide it, because it is required to determine whether "
                    "string is singular or plural." % number
                )
        text = singular if count == 1 else plural
        try:
            return text % rhs
        except TypeError:
            # The singular form may have no place for the number.
            return text


def ngettext_lazy(singular, plural, number=None):
    if isinstance(number, int):
        return ngettext(singular, plural, number)
    return _Plural(singular, plural, number)


def pgettext(context, message):
    return str(message)


def pgettext_lazy(context, message):
    return lazystr(message)


def npgettext(context, singular, plural, number):
    return ngettext(singular, plural, number)


def npgettext_lazy(context, singular, plural, number=None):
    return ngettext_lazy(singular, plural, number)


def activate(language):
    global _language
    _language = language


def deactivate():
    activate("en-us")


def deactivate_all():
    activate(None)


class override:
    def __init__(self, language, deactivate=False):
        self.language = language

    def __enter__(self):
        self.before = _language
        activate(self.language)

    def __exit__(self, exc_type, exc_value, traceback):
        activate(self.before)

    def __call__(self, func):
        def inside(*args, **kwargs):
            with override(self.language):
                return func(*args, **kwargs)

        return inside


def get_language():
    return _language


def get_language_bidi():
    return False


def _known():
    from django.conf import settings

    return dict(settings.LANGUAGES)


def check_for_language(lang_code):
    return lang_code == "en-us" or lang_code in _known()


def get_language_info(lang_code):
    """What a language is called; in its own words, English only."""
    known = _known()
    code = lang_code if lang_code in known else lang_code.split("-")[0]
    if code not in known:
        raise KeyError("Unknown language code %s." % lang_code)
    name = known[code]
    bidi = code in ("he", "ar", "ar-dz", "ckb", "fa", "ug", "ur")
    return {"bidi": bidi, "code": code, "name": name, "name_local": name, "name_translated": name}


def to_locale(language):
    language, dash, country = language.lower().partition("-")
    if not dash:
        return language
    return "%s_%s" % (language, country.upper() if len(country) < 3 else country.title())


def to_language(locale):
    return locale.replace("_", "-").lower()
