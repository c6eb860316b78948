"""What fsspec filesystems tell of an object, which each does in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from toolkit.storage.interfaces import ObjectStat

_TOKENS = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "generation")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


def object_stat(key: str, info: Mapping[str, Any]) -> ObjectStat:
    """An fsspec ``info`` as ObjectStat: the stamp is the ETag or hash, else time and size."""
    modified = next((time for name in _TIMES if (time := _as_time(info.get(name)))), None)
    token = next((str(info[name]).strip('"') for name in _TOKENS if info.get(name)), "")
    size = int(info["size"])
    timed = f"{modified.isoformat()}-{size}" if modified else ""
    return ObjectStat(key=key, byte_size=size, stamp=token or timed, modified_at=modified)


def _as_time(value: object) -> datetime | None:
    """A time with time zone from what stores give: a datetime, seconds, or ISO 8601 text."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
