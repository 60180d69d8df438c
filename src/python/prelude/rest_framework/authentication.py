"""Who sends a request: what the endpoint does with a key, for a shell that wants to see it."""

from rest_framework import exceptions


def get_authorization_header(request):
    header = request.META.get("HTTP_AUTHORIZATION", b"")
    return header.encode("iso-8859-1") if isinstance(header, str) else header


def _words(request, keyword, kind):
    """The one word behind the keyword; None where the header is another's."""
    auth = get_authorization_header(request).split()
    if not auth or auth[0].lower() != keyword.lower().encode():
        return None
    if len(auth) == 1:
        raise exceptions.AuthenticationFailed("Invalid %s header. No credentials provided." % kind)
    if len(auth) > 2:
        what = "Token string" if kind == "token" else "Credentials string"
        raise exceptions.AuthenticationFailed("Invalid %s header. %s should not contain spaces." % (kind, what))
    return auth[1]


class BaseAuthentication:
    def authenticate(self, request):
        raise NotImplementedError(".authenticate() must be overridden.")

    def authenticate_header(self, request):
        pass


class BasicAuthentication(BaseAuthentication):
    www_authenticate_realm = "api"

    def authenticate(self, request):
        word = _words(request, "basic", "basic")
        if word is None:
            return None
        import base64

        try:
            text = base64.b64decode(word)
            try:
                text = text.decode("utf-8")
            except UnicodeDecodeError:
                text = text.decode("latin-1")
            userid, password = text.split(":", 1)
        except ValueError:
            raise exceptions.AuthenticationFailed(
                "Invalid basic header. Credentials not correctly base64 encoded."
            )
        return self.authenticate_credentials(userid, password, request)

    def authenticate_credentials(self, userid, password, request=None):
        from django.contrib.auth import authenticate

        user = authenticate(request=request, username=userid, password=password)
        if user is None:
            raise exceptions.AuthenticationFailed("Invalid username/password.")
        if not user.is_active:
            raise exceptions.AuthenticationFailed("User inactive or deleted.")
        return user, None

    def authenticate_header(self, request):
        return 'Basic realm="%s"' % self.www_authenticate_realm


class SessionAuthentication(BaseAuthentication):
    def authenticate(self, request):
        user = getattr(request, "user", None)
        return (user, None) if user and user.is_active else None


class TokenAuthentication(BaseAuthentication):
    keyword = "Token"
    model = None

    def get_model(self):
        if self.model is not None:
            return self.model
        from rest_framework.authtoken.models import Token

        return Token

    def authenticate(self, request):
        word = _words(request, self.keyword, "token")
        if word is None:
            return None
        try:
            key = word.decode()
        except UnicodeError:
            raise exceptions.AuthenticationFailed(
                "Invalid token header. Token string should not contain invalid characters."
            )
        return self.authenticate_credentials(key)

    def authenticate_credentials(self, key):
        model = self.get_model()
        try:
            token = model.objects.select_related("user").get(key=key)
        except model.DoesNotExist:
            raise exceptions.AuthenticationFailed("Invalid token.")
        if not token.user.is_active:
            raise exceptions.AuthenticationFailed("User inactive or deleted.")
        return token.user, token

    def authenticate_header(self, request):
        return self.keyword


class RemoteUserAuthentication(BaseAuthentication):
    header = "REMOTE_USER"

    def authenticate(self, request):
        from django.contrib.auth import authenticate

        user = authenticate(request=request, remote_user=request.META.get(self.header))
        return (user, None) if user and user.is_active else None
