from __future__ import annotations

import pytest

from toolkit.core.redaction import without_credentials, without_secrets

URLS = {
    "ftp://user:pw@host/x.csv": "ftp://host/x.csv",
    "sftp://ann@host/x.csv": "sftp://host/x.csv",
    "https://TOKEN@host:8080/x.csv": "https://host:8080/x.csv",
    "https://ann:p@ss@host/x.csv": "https://host/x.csv",
    "https://host/x.csv?X-Amz-Signature=abc": "https://host/x.csv",
    "https://host/x.csv?page=2&access%5Ftoken=abc": "https://host/x.csv",
    "https://host/x.csv#access_token=abc": "https://host/x.csv",
    "zip://a.csv::https://ann:pw@host/x.zip?sig=abc": "zip://a.csv::https://host/x.zip",
    "simplecache::s3://KEY:SECRET@bucket/x": "simplecache::s3://bucket/x",
    "s3://KEY:SEC/RET@bucket/x": "s3://bucket/x",
    "HTTPS://ann:pw@host?password=abc": "HTTPS://host",
}

HARMLESS = [
    "https://host/x.csv?page=2#top",
    "s3://bucket/key@2.csv",
    "s3://arn:aws:s3:eu-west-1:1:accesspoint/lake/key@2.csv",
    "https://host:8080/a/key@2.csv",
    "s3://bucket/token=5/secret.csv",
    "https://host/x.csv?user@example",
    "abfss://container@account.dfs.core.windows.net/x",
    "/local/a@b.csv?token=1",
    "C:\\data\\key.csv",
    "",
]


@pytest.mark.parametrize(("url", "shown"), URLS.items(), ids=list(URLS))
def test_credentials_are_not_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_what_carries_none_stays_as_it_is(text: str) -> None:
    assert without_credentials(text) == text


def test_a_password_of_azure_is_one_too() -> None:
    assert without_credentials("abfs://user:pw@host/x") == "abfs://host/x"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('Invalid bucket name "KEY:SEC/RET@lake": no', 'Invalid bucket name "lake": no'),
        ("cannot open KEY:SECRET@lake/x, ftp://ann:pw@host/x", "cannot open lake/x, ftp://host/x"),
        ("the value 12:30 of ann@host", "the value 12:30 of ann@host"),
    ],
)
def test_what_others_quote_is_shown_without_credentials(message: str, shown: str) -> None:
    assert without_secrets(message) == shown
