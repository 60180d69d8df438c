"""Mail: a message can be made, and is not sent."""

_REFUSAL = (
    "hallpass sends no mail: print(message.message()) shows what would be sent, for a program such as sendmail to take"
)


class BadHeaderError(ValueError):
    pass


class EmailMessage:
    content_subtype = "plain"
    encoding = None

    def __init__(self, subject="", body="", from_email=None, to=None, bcc=None, connection=None, attachments=None,
                 headers=None, cc=None, reply_to=None):
        for name, value in (("to", to), ("cc", cc), ("bcc", bcc), ("reply_to", reply_to)):
            if isinstance(value, str):
                raise TypeError('"%s" argument must be a list or tuple' % name)
            setattr(self, name, list(value or ()))
        if from_email is None:
            from django.conf import settings

            from_email = settings.DEFAULT_FROM_EMAIL
        self.subject = subject
        self.body = body
        self.from_email = from_email
        self.extra_headers = headers or {}
        self.attachments = list(attachments or ())

    def recipients(self):
        return [address for address in self.to + self.cc + self.bcc if address]

    def message(self):
        headers = {
            "Subject": self.subject, "From": self.from_email, "To": ", ".join(self.to), "Cc": ", ".join(self.cc),
            "Reply-To": ", ".join(self.reply_to), **self.extra_headers,
        }
        for name, value in headers.items():
            if "\n" in str(value) or "\r" in str(value):
                raise BadHeaderError("Header values can't contain newlines (got %r for header %r)" % (value, name))
        from email.charset import Charset
        from email.mime.nonmultipart import MIMENonMultipart
        from email.utils import formatdate, make_msgid

        charset = Charset("utf-8")
        charset.body_encoding = None
        made = MIMENonMultipart("text", self.content_subtype, charset="utf-8")
        made.set_payload(str(self.body), charset)
        for name, value in headers.items():
            if value and name not in ("Date", "Message-ID"):
                made[name] = str(value)
        made["Date"] = headers.get("Date") or formatdate()
        made["Message-ID"] = headers.get("Message-ID") or make_msgid()
        return made

    def attach(self, filename=None, content=None, mimetype=None):
        self.attachments.append((filename, content, mimetype))

    def attach_file(self, path, mimetype=None):
        import os

        with open(path, "rb") as file:
            self.attach(os.path.basename(path), file.read(), mimetype)

    def send(self, fail_silently=False):
        if not self.recipients() or fail_silently:
            return 0
        raise NotImplementedError(_REFUSAL)


class EmailMultiAlternatives(EmailMessage):
    def attach_alternative(self, content, mimetype):
        self.attachments.append((None, content, mimetype))


def send_mail(subject, message, from_email, recipient_list, fail_silently=False, auth_user=None, auth_password=None,
              connection=None, html_message=None):
    return EmailMessage(subject, message, from_email, recipient_list).send(fail_silently)


def send_mass_mail(datatuple, fail_silently=False, auth_user=None, auth_password=None, connection=None):
    return sum(EmailMessage(*given).send(fail_silently) for given in datatuple)


def mail_admins(subject, message, fail_silently=False, connection=None, html_message=None):
    """There are no ADMINS: nothing is sent, as in Django."""


mail_managers = mail_admins


def get_connection(backend=None, fail_silently=False, **kwds):
    raise NotImplementedError(_REFUSAL)
