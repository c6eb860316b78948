"""The encoding of a file, from its first bytes."""

from __future__ import annotations

import pytest

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection import detect_encoding

TEXT = "name,größe,prix €\nÄnne,1,5\nBjörn,2,6\nChloé,3,7\n" * 20


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (b"a,b\n1,2\n", "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32-le"), "utf-32-le"),
        (TEXT.encode("utf-32-be"), "utf-32-be"),
        (TEXT.encode("cp1252"), "cp1252"),
        (b"ORC,b\n1,2\n", "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_found(data, encoding):
    assert detect_encoding(data, complete=True) == encoding


WORDS = {
    "cp1252": "Straße, 5 € – „Größe“; São Paulo; café crème; niño; Noël; Ærø; Åland",
    "cp1250": "imię; Łukasz Żółkiewski; Łódź; Gdańsk; Świętosław; Dąbrowski; Kraków",
    "iso8859-2": "imię; Łukasz Żółkiewski; Łódź; Gdańsk; Świętosław; Dąbrowski; Kraków",
    "cp1254": "isim; şehir; İbrahim; İstanbul; Ayşe; Gülşen; Muğla; Çağrı; Şanlıurfa",
    "mac_roman": "Straße; Größe; München; Über; Köln; Schön; Niño; año",
    "cp850": "Straße; Größe; München; Über; Köln; Schön; Niño; año",
    "cp1251": "имя; город; Иван; Москва; Мария; Санкт-Петербург; Сергей; Новосибирск",
    "koi8-r": "имя; город; Иван; Москва; Мария; Санкт-Петербург; Сергей; Новосибирск",
    "cp866": "имя; город; Иван; Москва; Мария; Санкт-Петербург; Сергей; Новосибирск",
    "cp1253": "όνομα; πόλη; Γιώργος; Αθήνα; Μαρία; Θεσσαλονίκη; Νίκος; Πάτρα",
    "cp1255": "שם; עיר; מחיר; דוד; ירושלים; שרה; תל אביב; משה; חיפה",
    "cp1256": "اسم; مدينة; سعر; محمد; القاهرة; فاطمة; بغداد; علي; دمشق",
    "shift_jis": "名前; 都市; 価格; 田中太郎; 東京都; 鈴木花子; 大阪府; カメラ; テスト",
    "euc_jp": "名前; 都市; 価格; 田中太郎; 東京都; 鈴木花子; 大阪府; カメラ; テスト",
    "gb18030": "姓名; 城市; 价格; 王小明; 北京市; 李华; 上海市; 张伟; 广州市天河区",
    "big5": "姓名; 城市; 價格; 王小明; 臺北市; 李華; 高雄市; 張偉; 臺中市",
    "euc_kr": "이름; 도시; 가격; 김철수; 서울특별시; 이영희; 부산광역시; 박민수; 대구",
}


@pytest.mark.parametrize("rows", [1, 300])
@pytest.mark.parametrize("encoding", WORDS)
def test_an_old_encoding_is_found_by_its_letters(encoding, rows):
    text = "".join(f"{number},{WORDS[encoding]}\n" for number in range(rows))
    data = text.encode(encoding)
    assert data.decode(detect_encoding(data, complete=True)) == text
    cut = data[: len(data) - (3 if rows > 1 else 0)]
    assert text.startswith(cut.decode(detect_encoding(cut, complete=False), "ignore")[:-1])


@pytest.mark.parametrize("data", [b"a,5\xb0C\n", b"p,\xa35\n", b"caf\xe9\n", b"\x80 5\n"])
def test_a_single_odd_byte_is_western(data):
    assert detect_encoding(data, complete=True) == "cp1252"


@pytest.mark.parametrize("rows", [1, 80])
@pytest.mark.parametrize(
    "word",
    ["10 µm", "5 m³", "“best”", "«a»", "¿que tal?", "¡Hola", "99 ¢", "x…", "Acme™", "à Rome", "xü"],
)
def test_a_sign_or_a_letter_that_comes_again_is_western(word, rows):
    data = f"id,day,{word}\n".encode("cp1252") + f"1,2024-01-02,{word}\n".encode("cp1252") * rows
    assert word in data.decode(detect_encoding(data, complete=True))


def test_letters_that_names_are_made_of_are_western():
    assert (
        detect_encoding(b"x\xfc,y\xfc,z\xfc,u\xfc,v\xfc,w\xfc\n1,2,3,4,5,6\n", complete=True)
        == "cp1252"
    )


def test_every_byte_can_be_read():
    data = bytes(range(1, 256))
    assert data.decode(detect_encoding(data, complete=True))
    assert detect_encoding(b"caf\xe9 \x81\n", complete=True) == "latin-1"


def test_a_character_may_be_cut_at_the_end_of_a_part():
    data = ("x" * 50 + "é€😀").encode()
    for size in range(50, len(data)):
        assert detect_encoding(data[:size], complete=False) == "utf-8"
    assert detect_encoding(data[:-1], complete=True) != "utf-8"


@pytest.mark.parametrize(
    "data",
    [
        b"PAR1\x15\x04\x15\x00",
        b"PK\x03\x04\x14\x00\x00\x00",
        b"\x89PNG\r\n\x1a\n\x00",
        b"\x00\x01\x02\x03" * 50,
        b"a,b\n1,\x00\x00\x00\x00\x00\x07,2\n" * 3,
    ],
)
def test_binary_data_is_an_error(data):
    with pytest.raises(SourceError, match="not text"):
        detect_encoding(data, complete=True)
