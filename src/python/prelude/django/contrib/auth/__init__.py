"""Who somebody is: the user model, and the check of credentials."""

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

SESSION_KEY = "_auth_user_id"
BACKEND_SESSION_KEY = "_auth_user_backend"
HASH_SESSION_KEY = "_auth_user_hash"
REDIRECT_FIELD_NAME = "next"

_SENSITIVE = ("api", "token", "key", "secret", "password", "signature")


def get_user_model():
    from django.contrib.auth.models import User

    return User


def load_backend(path):
    from django.utils.module_loading import import_string

    return import_string(path)()


def get_backends():
    from django.conf import settings

    backends = [load_backend(path) for path in settings.AUTHENTICATION_BACKENDS]
    if not backends:
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(
            "No authentication backends have been defined. Does AUTHENTICATION_BACKENDS contain anything?"
        )
    return backends


def _fits(backend, request, credentials):
    """Whether a backend can be asked with these credentials at all."""
    import inspect

    try:
        inspect.signature(backend.authenticate).bind(request, **credentials)
    except TypeError:
        return False
    return True


def authenticate(request=None, **credentials):
    from django.conf import settings
    from django.core.exceptions import PermissionDenied

    for path in settings.AUTHENTICATION_BACKENDS:
        backend = load_backend(path)
        # The built-in backend takes what there is; only another one needs the costly look at its arguments.
        if type(backend).__module__ != "django.contrib.auth.backends" and not _fits(backend, request, credentials):
            continue
        try:
            user = backend.authenticate(request, **credentials)
        except PermissionDenied:
            break
        if user is None:
            continue
        user.backend = path
        return user
    shown = {
        name: "********************" if any(word in name.lower() for word in _SENSITIVE) else value
        for name, value in credentials.items()
    }
    user_login_failed.send(sender=__name__, credentials=shown, request=request)
    return None


async def aauthenticate(request=None, **credentials):
    return authenticate(request, **credentials)


def login(request, user, backend=None):
    """Marks the session of a request, if it has one, as the user's."""
    if user is None:
        user = request.user
    session = getattr(request, "session", None)
    if session is None:
        raise AttributeError("'%s' object has no attribute 'session'" % type(request).__name__)
    session[SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[BACKEND_SESSION_KEY] = backend or getattr(user, "backend", "django.contrib.auth.backends.ModelBackend")
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if hasattr(request, "user"):
        request.user = user
    user_logged_in.send(sender=user.__class__, request=request, user=user)


async def alogin(request, user, backend=None):
    return login(request, user, backend)


def logout(request):
    user = getattr(request, "user", None)
    if not getattr(user, "is_authenticated", True):
        user = None
    user_logged_out.send(sender=user.__class__, request=request, user=user)
    session = getattr(request, "session", None)
    if session is None:
        raise AttributeError("'%s' object has no attribute 'session'" % type(request).__name__)
    session.clear()
    if hasattr(request, "user"):
        from django.contrib.auth.models import AnonymousUser

        request.user = AnonymousUser()


async def alogout(request):
    return logout(request)


def get_user(request):
    from django.contrib.auth.models import AnonymousUser

    try:
        user_id = get_user_model()._meta.pk.to_python(request.session[SESSION_KEY])
    except KeyError:
        return AnonymousUser()
    return load_backend(request.session[BACKEND_SESSION_KEY]).get_user(user_id) or AnonymousUser()


async def aget_user(request):
    return get_user(request)


def get_permission_codename(action, opts):
    return "%s_%s" % (action, opts.model_name)


def update_session_auth_hash(request, user):
    if hasattr(user, "get_session_auth_hash") and request.user == user:
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


async def aupdate_session_auth_hash(request, user):
    update_session_auth_hash(request, user)
