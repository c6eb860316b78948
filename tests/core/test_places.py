"""Paths that mean the same wherever one goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.places import storage_place, workspace_folder


def test_a_relative_folder_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for given in ("here", Path("here")):
        assert workspace_folder(given) == tmp_path / "here"
        assert storage_place(given) == str(tmp_path / "here")
    assert storage_place("~/here") == str(tmp_path / "home" / "here")


@pytest.mark.parametrize("url", ["memory://", "S3://bucket/p", "file:///a%20b", "file://x"])
def test_a_url_is_left_to_the_factory(url):
    assert storage_place(url) == url


@pytest.mark.parametrize("place", ["", None, 5, b"bytes", "~nobody-of-this-name/x"])
@pytest.mark.parametrize("function", [workspace_folder, storage_place])
def test_what_is_no_path_is_refused(place, function):
    with pytest.raises(InvalidArgumentError, match="folder"):
        function(place)


def test_a_url_in_a_path_is_refused():
    with pytest.raises(InvalidArgumentError, match="pass the URL as text"):
        storage_place(Path("s3://bucket/prefix"))
