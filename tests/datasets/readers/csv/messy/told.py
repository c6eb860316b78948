"""Files about which one could be of two minds, and the option that decides."""

from __future__ import annotations

from .case import case

CASES = (
    case("told: no header, texts only",
         "Paris,France\nMadrid,Spain\nRome,Italy\n",
         "column_1|column_2", "Paris|France", "Madrid|Spain", "Rome|Italy",
         options={"has_header": False}),
    case("told: numbers are a header",
         "1,2,3\n4,5,6\n7,8,9\n", "1|2|3", "4|5|6", "7|8|9", options={"has_header": True}),
    case("told: the comma, though there are as many semicolons",
         "a;b,c;d\n1;2,3;4\n5;6,7;8\n", "a;b|c;d", "1;2|3;4", "5;6|7;8",
         options={"delimiter": ","}),
    case("told: the semicolon, though there are as many commas",
         "a;b,c;d\n1;2,3;4\n5;6,7;8\n", "a|b,c|d", "1|2,3|4", "5|6,7|8",
         options={"delimiter": ";"}),
    case("told: a delimiter that nobody looks for",
         "a!b!c\n1!2!3\n4!5!6\n", "a|b|c", "1|2|3", "4|5|6", options={"delimiter": "!"}),
    case("told: single quotes",
         "a,b\n'x',1\n'y',2\n", "a|b", "x|1", "y|2", options={"quote": "'"}),
    case("told: Cyrillic in Windows-1251",
         "имя,город\nАнна,Москва\nИван,Тверь\n",
         "имя|город", "Анна|Москва", "Иван|Тверь", encoding="cp1251",
         options={"encoding": "cp1251"}),
)  # fmt: skip
