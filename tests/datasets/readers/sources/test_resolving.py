"""What a person passes becomes files in a fixed order, or an error that helps."""

from __future__ import annotations

import os

import fsspec
import polars as pl
import pytest

from toolkit.core.errors import InvalidArgumentError, SourceError, SourceNotFoundError
from toolkit.datasets.readers.factory import DatasetReaderFactory


def write(path, text="a\n1\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_path_becomes_absolute(tmp_path, monkeypatch, factory):
    write(tmp_path / "t.csv")
    monkeypatch.chdir(tmp_path)
    for given in ("t.csv", "./t.csv", tmp_path / "t.csv"):
        assert factory.reader(given).sources == (str(tmp_path / "t.csv"),)


def test_a_path_in_the_home_folder_is_found(tmp_path, monkeypatch, factory):
    write(tmp_path / "t.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert factory.reader("~/t.csv").sources == (str(tmp_path / "t.csv"),)


def test_a_file_url_is_decoded(tmp_path, factory):
    path = write(tmp_path / "with space.csv")
    assert factory.reader(path.as_uri()).sources == (str(path),)


def test_a_file_url_with_one_slash_is_one(tmp_path, factory):
    path = write(tmp_path / "with space.csv")
    assert factory.reader(path.as_uri().replace("///", "/")).sources == (str(path),)


def test_a_file_url_without_a_root_begins_in_the_current_folder(tmp_path, monkeypatch, factory):
    write(tmp_path / "d" / "t.csv")
    monkeypatch.chdir(tmp_path)
    assert factory.reader("file://d/t.csv").sources == (str(tmp_path / "d" / "t.csv"),)
    with pytest.raises(SourceNotFoundError, match=r"nothing at file://none\.csv"):
        factory.reader("file://none.csv")


def test_a_glob_leaves_hidden_files_out_unless_it_asks_for_them(tmp_path, factory):
    for name in ("a.csv", "._a.csv", "_b.csv", ".ipynb_checkpoints/a.csv", "d/c.csv"):
        write(tmp_path / name)

    def found(pattern):
        sources = factory.reader(f"{tmp_path}/{pattern}").sources
        return [os.path.relpath(source, tmp_path) for source in sources]

    assert found("*.csv") == ["_b.csv", "a.csv"]
    assert found("**/*.csv") == ["_b.csv", "a.csv", "d/c.csv"]
    assert found(".*.csv") == ["._a.csv"]


def test_a_glob_gives_its_files_sorted(tmp_path, factory):
    for name in ("b", "a", "c", "10", "9"):
        write(tmp_path / f"{name}.csv")
    names = [os.path.basename(p) for p in factory.reader(tmp_path / "*.csv").sources]
    assert names == ["10.csv", "9.csv", "a.csv", "b.csv", "c.csv"]


def test_a_recursive_glob_reaches_all_depths(tmp_path, factory):
    write(tmp_path / "x" / "y" / "b.csv")
    write(tmp_path / "x" / "a.csv")
    names = [os.path.basename(p) for p in factory.reader(f"{tmp_path}/**/*.csv").sources]
    assert names == ["a.csv", "b.csv"]


def test_a_list_keeps_its_order(tmp_path, factory):
    paths = [write(tmp_path / name) for name in ("b.csv", "a.csv")]
    assert factory.reader(paths).sources == tuple(map(str, paths))


def test_an_existing_file_is_not_taken_for_a_glob(tmp_path, factory):
    path = write(tmp_path / "data[1].csv", "a\n7\n")
    write(tmp_path / "data1.csv", "a\n8\n")
    assert factory.reader(path).polars().collect().rows() == [(7,)]


def test_a_folder_leaves_out_hidden_and_foreign_files(tmp_path, factory):
    kept = write(tmp_path / "d" / "part.csv")
    for name in (".part.csv.crc", "_SUCCESS", "_temporary/x.csv", ".hidden/x.csv", "README.md"):
        write(tmp_path / "d" / name, "no")
    assert factory.reader(tmp_path / "d").sources == (str(kept),)


def test_a_missing_file_names_itself_and_the_nearest(tmp_path, factory):
    write(tmp_path / "flights.csv")
    with pytest.raises(SourceNotFoundError, match=r"nothing at .*flihgts\.csv.*flights\.csv"):
        factory.reader(tmp_path / "flihgts.csv")
    with pytest.raises(FileNotFoundError):
        factory.reader(tmp_path / "flihgts.csv")


def test_a_missing_folder_is_said_to_be_missing(tmp_path, factory):
    with pytest.raises(SourceNotFoundError, match=r"folder .*gone does not exist either"):
        factory.reader(tmp_path / "gone" / "x.csv")


def test_a_glob_without_match_says_so(tmp_path, factory):
    with pytest.raises(SourceNotFoundError, match=r"pattern .*\*\.csv matches no file"):
        factory.reader(tmp_path / "*.csv")


def test_a_folder_without_data_says_so(tmp_path, factory):
    write(tmp_path / "notes.md")
    with pytest.raises(SourceError, match=r"holds no data file \(1 other files\)"):
        factory.reader(tmp_path)


@pytest.mark.parametrize("source", [3, None, "", {"a": 1}, [3]])
def test_what_is_no_source_is_refused(source, factory):
    with pytest.raises(InvalidArgumentError, match="is not a source"):
        factory.reader(source)


def test_an_empty_list_is_refused(factory):
    with pytest.raises(InvalidArgumentError, match="empty"):
        factory.reader([])


def test_an_unknown_protocol_is_refused(factory):
    with pytest.raises(InvalidArgumentError, match=r"nope://x .*Protocol not known"):
        factory.reader("nope://x")


def test_a_protocol_without_its_package_names_it(factory):
    with pytest.raises(InvalidArgumentError, match=r"not installed: .*gcsfs"):
        factory.reader("gs://bucket/x.csv")


def test_sources_of_two_places_are_refused(tmp_path, memory, factory):
    with pytest.raises(InvalidArgumentError, match="one place"):
        factory.reader([write(tmp_path / "a.csv"), memory("b.csv", b"a\n1\n")])


def test_a_missing_object_names_the_nearest(memory, factory):
    memory("d/flights.csv", b"a\n1\n")
    with pytest.raises(SourceNotFoundError, match=r"memory://d/flight\.csv.*flights\.csv"):
        factory.reader("memory://d/flight.csv")


def test_a_local_list_of_folders_reads_all(tmp_path, factory):
    for index, name in enumerate(("b", "a")):
        write(tmp_path / name / "x.csv", f"a\n{index}\n")
    frame = factory.reader([tmp_path / "b", tmp_path / "a"]).polars().collect()
    assert frame["a"].to_list() == [0, 1]


def test_storage_options_do_not_reach_local_files(tmp_path):
    path = write(tmp_path / "a.csv")
    assert DatasetReaderFactory({"key": "k"}).reader(path).count() == 1


def test_a_file_written_after_a_listing_is_seen(memory, factory):
    memory("d/a.csv", b"a\n1\n")
    assert factory.reader("memory://d").count() == 1
    memory("d/b.csv", b"a\n2\n")
    assert factory.reader("memory://d").count() == 2


def test_memory_sources_are_full_urls(memory, factory):
    url = memory("d/a.csv", b"a\n1\n")
    (source,) = factory.reader(url).sources
    with fsspec.open(source, "rb") as file:
        assert file.read() == b"a\n1\n"
    assert pl.DataFrame(factory.reader(source)).rows() == [(1,)]


@pytest.mark.parametrize("name", ["a::b.csv", "zip::a.csv"])
def test_a_path_that_exists_is_never_taken_for_a_chain(tmp_path, factory, monkeypatch, name):
    path = write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for given in (str(path), path, name):
        assert factory.reader(given).sources == (str(path),)


def test_what_is_no_file_is_left_out_of_folders_and_patterns(tmp_path, factory):
    path = write(tmp_path / "a.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    for given in (tmp_path, tmp_path / "*.csv"):
        assert factory.reader(given).sources == (str(path),)
    path.unlink()
    with pytest.raises(SourceError, match="holds no data file"):
        factory.reader(tmp_path)
    with pytest.raises(SourceNotFoundError, match="matches no file"):
        factory.reader(tmp_path / "*.csv")


@pytest.mark.parametrize("options", ["key=1", [("key", 1)], 5])
def test_storage_options_that_are_no_mapping_are_refused(tmp_path, factory, options):
    path = write(tmp_path / "a.csv")
    with pytest.raises(InvalidArgumentError, match=r"storage_options is .*: pass a map") as raised:
        factory.reader(path, storage_options=options)
    assert "key=1" not in str(raised.value)
