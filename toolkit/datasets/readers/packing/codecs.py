"""Which compression a file has, by its first bytes: never by its name."""

from __future__ import annotations

MAGIC_BYTES = 16
"""So many first bytes are enough for ``codec_of``."""

_MAGICS = {
    b"\x1f\x8b\x08": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\0": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    **{bytes([number]) + b"\x2a\x4d\x18": "zstd" for number in range(0x50, 0x60)},
    # "BZh" and a digit alone might begin a text.
    **{b"BZh%d" % level + b"1AY&SY": "bz2" for level in range(1, 10)},
    **{b"BZh%d" % level + b"\x17rE8P\x90": "bz2" for level in range(1, 10)},
}


def codec_of(head: bytes) -> str | None:
    """The compression that the first bytes of a file announce: gzip, zstd, bz2, xz, zip or None.

    Fewer bytes than a codec's magic has are taken for it as far as they go, from 3 on."""
    return next(
        (
            codec
            for magic, codec in _MAGICS.items()
            if head.startswith(magic) or (3 <= len(head) < len(magic) and magic.startswith(head))
        ),
        None,
    )
