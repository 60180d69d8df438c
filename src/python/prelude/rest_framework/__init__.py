"""The Django REST framework that this program answers as."""

# Its finder tells what is not here.
import django

__title__ = "Django REST framework"
__version__ = "3.18.3"
__author__ = "Tom Christie"
__license__ = "BSD 3-Clause"
VERSION = __version__
HTTP_HEADER_ENCODING = "iso-8859-1"
ISO_8601 = "iso-8601"
