"""What of Django and REST framework is not here, and what to use instead."""

# By the beginning of the module's name; the longest that fits is told.
ABSENT = {
    "django.contrib.admin": "there are no pages: the models of the admin are in django.contrib.admin.models, and users "
    "are changed at this prompt",
    "django.contrib.auth.admin": "there are no pages: change users at this prompt",
    "django.contrib.auth.apps": "django.apps.apps.get_app_config('auth') is the app",
    "django.contrib.auth.context_processors": "there are no templates",
    "django.contrib.auth.decorators": "there are no views: user.has_perm(...) asks for a permission",
    "django.contrib.auth.forms": "there are no forms: user.set_password(...), full_clean() and "
    "django.contrib.auth.password_validation do their work",
    "django.contrib.auth.middleware": "requests are answered by hallpassd",
    "django.contrib.auth.migrations": "there are no migrations: the store is always up to date",
    "django.contrib.auth.mixins": "there are no views: user.has_perm(...) asks for a permission",
    "django.contrib.auth.urls": "there are no URLs",
    "django.contrib.auth.views": "there are no views",
    "django.contrib.messages": "there are no pages to show messages on: print(...)",
    "django.contrib.sessions": "there are no sessions of browsers; django.contrib.sessions.models has the empty table",
    "django.contrib.contenttypes": "django.contrib.contenttypes.models has ContentType",
    "django.contrib.admindocs": "hallpass has users, groups, permissions and tokens only",
    "django.contrib.flatpages": "hallpass has users, groups, permissions and tokens only",
    "django.contrib.gis": "hallpass has users, groups, permissions and tokens only",
    "django.contrib.humanize": "django.utils.timesince and django.utils.formats have words for times and numbers",
    "django.contrib.postgres": "the store is hallpass's own",
    "django.contrib.redirects": "hallpass has users, groups, permissions and tokens only",
    "django.contrib.sitemaps": "there are no pages",
    "django.contrib.sites": "hallpass has users, groups, permissions and tokens only",
    "django.contrib.staticfiles": "there are no files to serve",
    "django.contrib.syndication": "there are no pages",
    "django.core.asgi": "run hallpassd, the endpoint server",
    "django.core.wsgi": "run hallpassd, the endpoint server",
    "django.core.handlers": "requests are answered by hallpassd",
    "django.core.servers": "run hallpassd, the endpoint server",
    "django.core.files": "open(...) and pathlib read and write files",
    "django.core.cache.backends": "django.core.cache.cache is a cache in this process's memory",
    "django.core.mail.backends": "hallpass sends no mail",
    "django.core.management.commands": "call_command(...) of django.core.management runs commands",
    "django.core.serializers.pyyaml": "the formats json, jsonl, xml and python are here",
    "django.db.backends": "the store is hallpass's own; the models (User.objects, Token.objects) read and write it",
    "django.db.migrations": "there are no migrations: the store is always up to date",
    "django.db.models.sql": "there is no SQL: the models (User.objects, Token.objects) read and write the store",
    "django.forms": "there are no forms: full_clean() checks an object, model_to_dict of django.forms.models shows it",
    "django.middleware": "requests are answered by hallpassd",
    "django.template": "there are no templates: f-strings and string.Template make text",
    "django.templatetags": "there are no templates",
    "django.test": "ask the endpoint itself: curl -X POST http://127.0.0.1:10000/api/ -H 'Authorization: Token ...'; "
    "hallpass shell --sandbox works on a copy that is thrown away",
    "django.urls": "there are no URLs beside hallpassd's: /api/, /api-token-auth/ and /auth",
    "django.views": "there are no views: requests are answered by hallpassd",
    "django.utils": "",
    "rest_framework": "of REST framework hallpass has authtoken, authentication, exceptions and status",
}
_UTILS = (
    "archive autoreload cache csp feedgenerator lorem_ipsum xmlutils"
).split()
_REST = (
    "checks compat decorators documentation fields filters generics management metadata mixins negotiation pagination "
    "parsers permissions relations renderers request response reverse routers schemas serializers settings "
    "templatetags test throttling urlpatterns urls utils validators versioning views viewsets authtoken"
).split()
_AUTHTOKEN = "admin apps management migrations views".split()
# Packages that are here in part: only these modules of theirs are Django's.
_PARTS = {
    "django.contrib.admin": "actions apps autodiscover checks decorators exceptions filters forms helpers migrations "
    "options sites templatetags tests utils views widgets".split(),
    "django.contrib.sessions": "apps backends base_session exceptions management middleware migrations "
    "serializers".split(),
    "django.contrib.contenttypes": "admin apps checks fields forms management migrations prefetch views".split(),
    "django.forms": "boundfield fields formsets forms renderers utils widgets".split(),
}


def reason(name):
    """What to tell whoever imports this module; None for one that Django does not have either."""
    first, _, rest = name.partition(".")
    if first == "rest_framework":
        if rest.startswith("authtoken."):
            known = rest.split(".")[1] in _AUTHTOKEN
        else:
            known = rest.split(".")[0] in _REST
        return ABSENT["rest_framework"] if known else None
    if name.startswith("django.utils."):
        known = name.split(".")[2] in _UTILS
        return "hallpass has the parts of django.utils that scripts use" if known else None
    for package, parts in _PARTS.items():
        if name.startswith(package + "."):
            return ABSENT[package] if name[len(package) + 1 :].split(".")[0] in parts else None
    fitting = [begin for begin in ABSENT if name == begin or name.startswith(begin + ".")]
    return ABSENT[max(fitting, key=len)] if fitting else None
