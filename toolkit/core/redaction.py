"""Names of places without the credentials that a URL can carry."""

from __future__ import annotations

import re
from urllib.parse import unquote

_SECRET = re.compile(r"sig|key|token|passw|pwd|secret|credential|auth|cookie", re.IGNORECASE)
_USERINFO = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    # A secret may have slashes; a number after a colon is a port.
    r"(?P<user>[^/?#\s]*|(?!arn:)[^/?#\s:@]+:(?!\d+/)[^?#\s]*?)@"
)
_KEY_AND_SECRET = re.compile(r"(?<![^\s'\"(/=])[^\s'\"(/=:@]+:[^\s'\"@]+@(?=\w)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>()]+")
_PARAMETERS = re.compile(r"[?#].*", re.DOTALL)
_CONTAINER_FIRST = frozenset({"abfs", "abfss", "wasb", "wasbs"})
"""Protocols of Azure, whose URLs name the container where others have the user."""


def without_credentials(url: str) -> str:
    """The URL, or a chain of them, without user info, and without parameters that carry a
    signature, key or token. Any other text is returned as it is.

    >>> without_credentials("sftp://ann:pw@host/data")
    'sftp://host/data'
    >>> without_credentials("https://host/x.csv?page=2&X-Amz-Signature=abc")
    'https://host/x.csv'
    >>> without_credentials("zip://a.csv::s3://KEY:SECRET@bucket/x.zip")
    'zip://a.csv::s3://bucket/x.zip'
    """
    if "://" not in url:
        return url
    return "::".join(_PARAMETERS.sub(_harmless, _USERINFO.sub(_host, u)) for u in url.split("::"))


def names_user(url: str) -> bool:
    """Whether a URL has user info, such as a key and a secret, in front of its host.

    >>> names_user("s3://KEY:SECRET@bucket/x"), names_user("s3://bucket/a@b")
    (True, False)
    """
    return _USERINFO.match(url) is not None


def without_secrets(message: str) -> str:
    """A text of others without the credentials in what it quotes of URLs.

    >>> without_secrets('Invalid bucket name "KEY:SECRET@lake"')
    'Invalid bucket name "lake"'
    """
    message = _URL.sub(lambda url: without_credentials(url[0]), message)
    return _KEY_AND_SECRET.sub("", message)


def _harmless(parameters: re.Match[str]) -> str:
    return "" if _SECRET.search(unquote(parameters[0])) else parameters[0]


def _host(found: re.Match[str]) -> str:
    scheme, user = found["scheme"], found["user"]
    kept = f"{user}@" if scheme.lower() in _CONTAINER_FIRST and ":" not in user else ""
    return f"{scheme}://{kept}"
