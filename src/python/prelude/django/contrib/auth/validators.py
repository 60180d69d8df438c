"""What a username may be made of."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

_WORD = r"^[\w.@+-]+\Z"


class _UsernameValidator(RegexValidator):
    regex = _WORD

    def __call__(self, value):
        text = str(value)
        # The usual case, without an import of re.
        plain = self.regex == _WORD and not self.inverse_match
        if plain and text and text.isascii() and all(c.isalnum() or c in "_.@+-" for c in text):
            return
        super().__call__(value)


class ASCIIUsernameValidator(_UsernameValidator):
    message = _(
        "Enter a valid username. This value may contain only unaccented lowercase a-z and uppercase A-Z letters, "
        "numbers, and @/./+/-/_ characters."
    )
    # re.ASCII
    flags = 256


class UnicodeUsernameValidator(_UsernameValidator):
    message = _("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.")
    flags = 0
