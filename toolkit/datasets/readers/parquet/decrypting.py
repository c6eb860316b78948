"""Encrypted files, which pyarrow decrypts: Parquet Modular Encryption, AES-GCM with or without CTR.

Keys are in a FileDecryptionProperties of pyarrow: from a key management service through
``pyarrow.parquet.encryption.CryptoFactory``, or one key by ``create_decryption_properties``.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

import pyarrow.parquet as pq

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.readers.failures import first_line

if TYPE_CHECKING:
    from pyarrow.parquet import FileDecryptionProperties

HINT = "Pass decryption= with the keys of the file and of its columns, unless it is damaged."
_WAYS = (
    "pyarrow.parquet.encryption.CryptoFactory(…).file_decryption_properties(…), or "
    "create_decryption_properties(key) of the same module"
)


def require_properties(decryption: object) -> None:
    """Raise InvalidArgumentError unless it is None or what pyarrow decrypts by."""
    if decryption is not None and not isinstance(decryption, pq.FileDecryptionProperties):
        raise InvalidArgumentError(
            f"decryption= is a {type(decryption).__name__}, not a FileDecryptionProperties of "
            f"pyarrow: pass {_WAYS}."
        )


def needs_key(url: str) -> SourceError:
    """The error for an encrypted file without keys."""
    return SourceError(f"{url} is encrypted, and reading it needs a key: pass decryption={_WAYS}.")


def decrypted(
    handle: BinaryIO,
    url: str,
    decryption: FileDecryptionProperties | None,
    *,
    copied: bool = True,
) -> bytes:
    """The serialized FileMetaData of an open file; without ``copied`` it is only held against its
    signature, and empty. Raises SourceError where the keys are not those of the file."""
    if decryption is None:
        raise needs_key(url)
    handle.seek(0)
    try:
        metadata = pq.ParquetFile(handle, decryption_properties=decryption).metadata
    except Exception as error:  # a client of a key management service may raise anything
        raise SourceError(
            f"{url} could not be decrypted: {first_line(error) or error!r}. {HINT}"
        ) from error
    if not copied:
        return b""
    metadata.write_metadata_file(buffer := io.BytesIO())
    return buffer.getvalue()[4:-8]
