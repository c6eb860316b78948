"""The fsspec filesystem behind a URL: its options, its credentials, and one instance a process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import fsspec

from toolkit.core.errors import InvalidArgumentError
from toolkit.storage.backends.redaction import Redactor, without_userinfo

_ROOTLESS = frozenset({"memory"})
"""Protocols whose root may be empty; elsewhere it lacks the bucket, container or path."""


class Connection:
    """Makes and keeps the filesystem of one storage root.

    The instance is never shared with other code through fsspec's instance cache, and lists without
    a cache. It is made anew in a forked child, where the parent's event loop does not run.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """Raises ValueError or ImportError, as fsspec does, for an unknown protocol."""
        self.protocol, _, rest = url.partition("://")
        self._class = fsspec.get_filesystem_class(self.protocol)
        self._options = {**self._class._get_kwargs_from_urls(url), **options}
        self.redact = Redactor(self._options)
        # Not redacted: the root is remembered and has to lead back here, also where a bucket is
        # named like a key.
        self.root = without_userinfo(f"{self.protocol}://{rest.strip('/')}")
        self.path = str(self._class._strip_protocol(url)).rstrip("/")
        if not self.path.strip("/") and self.protocol not in _ROOTLESS:
            raise InvalidArgumentError(
                f"{self.root} names no place to store in: add the bucket or path, "
                f"such as {self.protocol}://bucket/prefix."
            )
        self._by_process: dict[int, Any] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @property
    def filesystem(self) -> Any:
        """This process's filesystem. A parent's is kept: closing it in a child would wait for the
        parent's event loop."""
        process = os.getpid()
        known = self._by_process.get(process)
        return known if known is not None else self._by_process.setdefault(process, self._make())

    def _make(self) -> Any:
        made = self._class(**{**self._options, "skip_instance_cache": True})
        # Set here, not passed: some filesystems hand an option they do not know to their library.
        made.dircache.use_listings_cache = False
        return made
