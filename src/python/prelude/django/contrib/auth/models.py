"""Users, groups and permissions."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.db.models.base import Model
from django.db.models.manager import Manager


def __getattr__(name):
    # What Django's module has among its names because it needs it itself.
    if name in ("user_logged_in", "auth"):
        from django.contrib import auth

        return auth if name == "auth" else auth.user_logged_in
    if name == "ContentType":
        from django.contrib.contenttypes.models import ContentType

        return ContentType
    if name in ("models", "timezone", "apps", "PermissionDenied", "UnicodeUsernameValidator"):
        module = {
            "models": "django.db", "timezone": "django.utils", "apps": "django.apps",
            "PermissionDenied": "django.core.exceptions", "UnicodeUsernameValidator": "django.contrib.auth.validators",
        }[name]
        return getattr(__import__(module, fromlist=[name]), name)
    raise AttributeError("module 'django.contrib.auth.models' has no attribute %r" % name)


def update_last_login(sender, user, **kwargs):
    from django.utils import timezone

    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])


class PermissionManager(Manager):
    use_in_migrations = True

    def get_by_natural_key(self, codename, app_label, model):
        from django.contrib.contenttypes.models import ContentType

        return self.get(codename=codename, content_type=ContentType.objects.get_by_natural_key(app_label, model))


class Permission(Model, label="auth.Permission"):
    objects = PermissionManager()

    def __str__(self):
        return "%s | %s" % (self.content_type, self.name)

    def natural_key(self):
        return (self.codename,) + self.content_type.natural_key()


class GroupManager(Manager):
    use_in_migrations = True

    def get_by_natural_key(self, name):
        return self.get(name=name)

    async def aget_by_natural_key(self, name):
        return self.get_by_natural_key(name)


class Group(Model, label="auth.Group"):
    objects = GroupManager()

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


class UserManager(BaseUserManager):
    use_in_migrations = True

    def _create_user(self, username, email, password, **extra_fields):
        if not username:
            raise ValueError("The given username must be set")
        email = self.normalize_email(email)
        user = self.model(username=self.model.normalize_username(username), email=email, **extra_fields)
        user.password = make_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, username, email=None, password=None, **extra_fields):
        extra_fields.setdefault("is_staff", False)
        extra_fields.setdefault("is_superuser", False)
        return self._create_user(username, email, password, **extra_fields)

    def create_superuser(self, username, email=None, password=None, **extra_fields):
        extra_fields.setdefault("is_staff", True)
        extra_fields.setdefault("is_superuser", True)
        if extra_fields.get("is_staff") is not True:
            raise ValueError("Superuser must have is_staff=True.")
        if extra_fields.get("is_superuser") is not True:
            raise ValueError("Superuser must have is_superuser=True.")
        return self._create_user(username, email, password, **extra_fields)

    async def acreate_user(self, username, email=None, password=None, **extra_fields):
        return self.create_user(username, email, password, **extra_fields)

    async def acreate_superuser(self, username, email=None, password=None, **extra_fields):
        return self.create_superuser(username, email, password, **extra_fields)

    def with_perm(self, perm, is_active=True, include_superusers=True, backend=None, obj=None):
        if backend is None:
            found = _backend()
        elif not isinstance(backend, str):
            raise TypeError("backend must be a dotted import path string (got %r)." % backend)
        else:
            from django.contrib.auth import load_backend

            found = load_backend(backend)
        if not hasattr(found, "with_perm"):
            return self.none()
        return found.with_perm(perm, is_active=is_active, include_superusers=include_superusers, obj=obj)


def _backend():
    from django.contrib.auth.backends import ModelBackend

    return ModelBackend()


class PermissionsMixin(Model):
    class Meta:
        abstract = True

    def get_user_permissions(self, obj=None):
        return set(_backend().get_user_permissions(self, obj))

    def get_group_permissions(self, obj=None):
        return set(_backend().get_group_permissions(self, obj))

    def get_all_permissions(self, obj=None):
        return set(_backend().get_all_permissions(self, obj))

    def has_perm(self, perm, obj=None):
        if self.is_active and self.is_superuser:
            return True
        return _backend().has_perm(self, perm, obj)

    def has_perms(self, perm_list, obj=None):
        if not hasattr(perm_list, "__iter__") or isinstance(perm_list, str):
            raise ValueError("perm_list must be an iterable of permissions.")
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label):
        if self.is_active and self.is_superuser:
            return True
        return _backend().has_module_perms(self, app_label)

    async def aget_user_permissions(self, obj=None):
        return self.get_user_permissions(obj)

    async def aget_group_permissions(self, obj=None):
        return self.get_group_permissions(obj)

    async def aget_all_permissions(self, obj=None):
        return self.get_all_permissions(obj)

    async def ahas_perm(self, perm, obj=None):
        return self.has_perm(perm, obj)

    async def ahas_perms(self, perm_list, obj=None):
        return self.has_perms(perm_list, obj)

    async def ahas_module_perms(self, app_label):
        return self.has_module_perms(app_label)


class _UsernameValidator:
    """The validator of usernames, made when somebody asks for it: most sessions never do."""

    made = None

    def __get__(self, instance, cls=None):
        if self.made is None:
            from django.contrib.auth.validators import UnicodeUsernameValidator

            self.made = UnicodeUsernameValidator()
        return self.made


class AbstractUser(AbstractBaseUser, PermissionsMixin):
    username_validator = _UsernameValidator()
    EMAIL_FIELD = "email"
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        abstract = True

    def clean(self):
        super().clean()
        self.email = self.__class__.objects.normalize_email(self.email)

    def get_full_name(self):
        return ("%s %s" % (self.first_name, self.last_name)).strip()

    def get_short_name(self):
        return self.first_name

    def email_user(self, subject, message, from_email=None, **kwargs):
        from django.core.mail import send_mail

        send_mail(subject, message, from_email, [self.email], **kwargs)


class User(AbstractUser, label="auth.User"):
    objects = UserManager()

    @property
    def tokens(self):
        """All tokens of the user, named and revoked ones too."""
        from rest_framework.authtoken.models import Token

        return Token.every.filter(user=self.pk)


# Behind what it needs of this module.
from django.contrib.auth.anonymous import AnonymousUser
