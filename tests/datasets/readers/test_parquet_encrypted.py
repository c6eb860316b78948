"""Encrypted files: read with their keys through every face, and one clear error without."""

from __future__ import annotations

import base64
import io

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from polars.testing import assert_frame_equal

from toolkit.core.errors import InvalidArgumentError, SourceError

TABLE = pa.table(
    {
        "a": range(3000),
        "b": [f"text {i % 50}" for i in range(3000)],
        "c": [[i, None] for i in range(3000)],
    }
)
FRAME = pl.DataFrame(pl.from_arrow(TABLE))
FACES = ("polars", "schema", "count", "head", "arrow")


class Kms(pe.KmsClient):
    """Wraps a key by naming the one it is wrapped with; hands out those that it is told to."""

    def __init__(self, config):
        pe.KmsClient.__init__(self)
        self._known = config.custom_kms_conf

    def wrap_key(self, key_bytes, identifier):
        return base64.b64encode(identifier.encode() + b":" + key_bytes)

    def unwrap_key(self, wrapped_key, identifier):
        named, key = base64.b64decode(wrapped_key).split(b":", 1)
        how = self._known.get(named.decode(), "known")
        if how == "unknown":
            raise LookupError(f"no access to the key {identifier}")
        return key if how == "known" else bytes(len(key))


def keys(**known):
    """What decrypts, with each key "known" unless it is said to be "unknown" or "wrong"."""
    connection = pe.KmsConnectionConfig(custom_kms_conf=known)
    return pe.CryptoFactory(Kms).file_decryption_properties(connection)


def encrypted(**how):
    configuration = pe.EncryptionConfiguration(footer_key="f", **how)
    properties = pe.CryptoFactory(Kms).file_encryption_properties(
        pe.KmsConnectionConfig(), configuration
    )
    buffer = io.BytesIO()
    pq.write_table(TABLE, buffer, encryption_properties=properties, row_group_size=1000)
    return buffer.getvalue()


FORMS = {
    "one key": {"uniform_encryption": True},
    "keys of columns": {"column_keys": {"k": ["a", "c.list.element"], "l": ["b"]}},
    "some columns": {"column_keys": {"k": ["b"]}},
    "a footer to be read": {"column_keys": {"k": ["b"]}, "plaintext_footer": True},
    "one key and CTR": {"uniform_encryption": True, "encryption_algorithm": "AES_GCM_CTR_V1"},
    "keys of columns and CTR": {
        "column_keys": {"k": ["b"]},
        "encryption_algorithm": "AES_GCM_CTR_V1",
    },
    "keys of 256 bits": {"column_keys": {"k": ["b"]}, "data_key_length_bits": 256},
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_is_read_with_its_keys(name, put, factory):
    source = put("t.parquet", encrypted(**FORMS[name]))
    reader = factory.reader(source, decryption=keys())
    assert "is encrypted: pyarrow decrypts it" in reader.explain()
    assert reader.schema().names == ["a", "b", "c"]
    assert_frame_equal(reader.polars().collect(), FRAME)
    found = reader.polars().filter(pl.col("a") == 2500).select("b").collect()
    assert found.rows() == [("text 0",)]
    assert reader.count() == 3000
    assert_frame_equal(reader.head(3), FRAME.head(3))
    assert isinstance(reader.arrow(), pads.Dataset)
    filtered = reader.arrow().to_table(columns=["b"], filter=pads.field("a") == 2500)
    assert filtered["b"].to_pylist() == ["text 0"]
    assert_frame_equal(pl.DataFrame(pl.from_arrow(pa.table(reader))), FRAME)


@pytest.mark.parametrize("name", FORMS)
def test_without_keys_it_is_refused_and_says_what_to_pass(name, put, factory):
    reader = factory.reader(put("t.parquet", encrypted(**FORMS[name])))
    for face in FACES:
        with pytest.raises(
            SourceError, match=r"t\.parquet is encrypted.*needs a key: pass decryption="
        ):
            getattr(reader, face)()


@pytest.mark.parametrize("how", ["wrong", "unknown"])
@pytest.mark.parametrize("name", FORMS)
def test_a_wrong_key_of_the_footer_is_told_by_every_face(name, how, put, factory):
    source = put("t.parquet", encrypted(**FORMS[name]))
    reader = factory.reader(source, decryption=keys(f=how))
    for face in FACES:
        with pytest.raises(SourceError, match=r"t\.parquet could not be decrypted.*decryption="):
            getattr(reader, face)()


@pytest.mark.parametrize("how", ["wrong", "unknown"])
@pytest.mark.parametrize("name", ["keys of columns", "a footer to be read"])
def test_columns_whose_keys_are_there_are_read_and_others_are_told(name, how, put, factory):
    source = put("t.parquet", encrypted(**FORMS[name]))
    reader = factory.reader(source, decryption=keys(l=how, **{} if "of" in name else {"k": how}))
    assert reader.count() == 3000
    assert_frame_equal(reader.polars().select("a", "c").collect(), FRAME.select("a", "c"))
    for read in (reader.head, reader.polars().collect, lambda: list(reader.batches(100))):
        with pytest.raises(SourceError, match=r"t\.parquet could not be read.*Pass decryption="):
            read()


@pytest.mark.parametrize("algorithm", ["AES_GCM_V1", "AES_GCM_CTR_V1"])
def test_a_key_without_a_service_and_its_prefix(algorithm, put, factory):
    key, prefix = b"0123456789012345", b"table 7"
    buffer = io.BytesIO()
    properties = pe.create_encryption_properties(
        key, aad_prefix=prefix, store_aad_prefix=False, encryption_algorithm=algorithm
    )
    pq.write_table(TABLE, buffer, encryption_properties=properties)
    source = put("t.parquet", buffer.getvalue())
    right = pe.create_decryption_properties(key, aad_prefix=prefix)
    assert_frame_equal(factory.reader(source, decryption=right).polars().collect(), FRAME)
    for wrong in (
        pe.create_decryption_properties(key),
        pe.create_decryption_properties(key[::-1], aad_prefix=prefix),
        pe.create_decryption_properties(key, aad_prefix=b"table 8"),
    ):
        with pytest.raises(SourceError, match="could not be decrypted"):
            factory.reader(source, decryption=wrong).schema()


def test_files_of_a_folder_share_the_keys_and_plain_ones_have_to_be_allowed(put, factory):
    put("d/a.parquet", encrypted(uniform_encryption=True))
    put("d/b.parquet", encrypted(column_keys={"k": ["b"]}))
    pq.write_table(TABLE, buffer := io.BytesIO())
    folder = put("d/c.parquet", buffer.getvalue()).rpartition("/")[0]
    reader = factory.reader(folder, decryption=keys())
    assert_frame_equal(reader.polars().collect(), pl.concat([FRAME] * 3))
    assert reader.arrow().count_rows() == 9000
    strict = pe.create_decryption_properties(b"0123456789012345")
    with pytest.raises(SourceError, match=r"c\.parquet could not be decrypted.*plaintext file"):
        factory.reader(folder + "/c.parquet", decryption=strict).schema()


def test_damage_and_a_cut_are_told(put, factory):
    whole = encrypted(uniform_encryption=True)
    for data in (whole[:100] + b"\1" + whole[101:], whole[:-300], whole[:9] + whole[-400:]):
        reader = factory.reader(put("t.parquet", data), decryption=keys())
        with pytest.raises(SourceError, match=r"t\.parquet could not be"):
            reader.polars().collect()


def test_what_is_no_key_is_refused(put, factory):
    source = put("t.parquet", encrypted(uniform_encryption=True))
    with pytest.raises(InvalidArgumentError, match="a bytes, not a FileDecryptionProperties"):
        factory.reader(source, decryption=b"0123456789012345")
