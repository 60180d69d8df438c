"""Rows as XML."""

from django.core.serializers import base
from django.core.serializers.python import Deserializer as PythonDeserializer

_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ATTRIBUTE = {**_TEXT, '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


class UnserializableContentError(ValueError):
    pass


def _escaped(text, table):
    return "".join(table.get(c, c) for c in str(text))


class Serializer(base.Serializer):
    def _line(self, level):
        if self.options.get("indent") is not None:
            self.stream.write("\n" + " " * (self.options["indent"] * level))

    def _open(self, tag, /, **attributes):
        shown = "".join(' %s="%s"' % (key, _escaped(value, _ATTRIBUTE)) for key, value in attributes.items())
        self.stream.write("<%s%s>" % (tag, shown))

    def _close(self, name):
        self.stream.write("</%s>" % name)

    def _text(self, text):
        if any(ord(c) < 32 and c not in "\t\n\r" for c in text):
            raise UnserializableContentError("Control characters are not supported in XML 1.0")
        self.stream.write(_escaped(text, _TEXT))

    def _none(self):
        self.stream.write("<None></None>")

    def start_serialization(self):
        self.stream.write('<?xml version="1.0" encoding="utf-8"?>\n')
        self._open("django-objects", version="1.0")

    def end_serialization(self):
        self._line(0)
        self._close("django-objects")

    def start_object(self, obj):
        self._line(1)
        attributes = {"model": str(obj._meta)}
        if self._shows_pk(obj) and obj.pk is not None:
            attributes["pk"] = obj.pk
        self._open("object", **attributes)

    def end_object(self, obj):
        self._line(1)
        self._close("object")

    def handle_field(self, obj, field):
        self._line(2)
        self._open("field", name=field.name, type=field.get_internal_type())
        value = getattr(obj, field.attname)
        if value is None:
            self._none()
        else:
            try:
                self._text(value.isoformat() if hasattr(value, "isoformat") else field.value_to_string(obj))
            except UnserializableContentError:
                raise ValueError(
                    "%s.%s (pk:%s) contains unserializable characters"
                    % (obj.__class__.__name__, field.name, obj.pk)
                )
        self._close("field")

    def _open_relation(self, field):
        self._line(2)
        self._open("field", name=field.name, rel=field.remote_field.__class__.__name__,
                   to=str(field.related_model._meta))

    def _key(self, related):
        for part in related.natural_key():
            self._open("natural")
            self._text(str(part))
            self._close("natural")

    def handle_fk_field(self, obj, field):
        self._open_relation(field)
        value = getattr(obj, field.attname)
        if value is None:
            self._none()
        elif self.use_natural_foreign_keys and hasattr(field.related_model, "natural_key"):
            self._key(getattr(obj, field.name))
        else:
            self._text(str(value))
        self._close("field")

    def handle_m2m_field(self, obj, field):
        self._open_relation(field)
        natural = self.use_natural_foreign_keys and hasattr(field.related_model, "natural_key")
        for related in getattr(obj, field.name).all():
            if natural:
                self._open("object")
                self._key(related)
            else:
                self._open("object", pk=related.pk)
            self._close("object")
        self._close("field")


class Deserializer(PythonDeserializer):
    def __init__(self, stream_or_string, **options):
        text = stream_or_string
        if not isinstance(text, (bytes, str)):
            text = text.read()
        super().__init__(self._documents(text), **options)

    def _documents(self, text):
        if isinstance(text, bytes):
            text = text.decode()
        if "<!DOCTYPE" in text:
            raise base.DeserializationError("a fixture has no document type")
        for node in _tree(text).children:
            if node.tag != "object":
                continue
            model = node.attributes.get("model")
            if not model:
                raise base.DeserializationError("<object> node is missing the required 'model' attribute")
            data = {"model": model, "fields": {}}
            if "pk" in node.attributes:
                data["pk"] = node.attributes["pk"]
            for field in node.children:
                name = field.attributes.get("name")
                if not name:
                    raise base.DeserializationError("<field> node is missing the 'name' attribute")
                data["fields"][name] = _value(field)
            yield data


class _Node:
    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = attributes
        self.children = []
        self.text = ""


def _tree(text):
    """The root of a document. The engine's expat tells events, and no errors: an end that is missing is one."""
    import pyexpat

    top = _Node(None, {})
    path = [top]

    def start(tag, attributes):
        node = _Node(tag, attributes)
        path[-1].children.append(node)
        path.append(node)

    def characters(data):
        path[-1].text += data

    parser = pyexpat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: path.pop()
    parser.CharacterDataHandler = characters
    # The declaration's encoding is of bytes; this is text by now.
    parser.Parse(text[text.index("?>") + 2 :].lstrip() if text.startswith("<?xml") else text, True)
    if len(path) != 1 or len(top.children) != 1:
        raise base.DeserializationError("the document is not well-formed")
    return top.children[0]


def _natural(node):
    return [child.text.strip() for child in node.children if child.tag == "natural"]


def _value(node):
    if any(child.tag == "None" for child in node.children):
        return None
    relation = node.attributes.get("rel")
    if relation == "ManyToManyRel":
        return [_natural(one) or one.attributes.get("pk") for one in node.children]
    if relation:
        return _natural(node) or node.text.strip()
    return node.text
