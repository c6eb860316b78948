"""Several tables in one file: the first is read, the others are named; repeated headers."""

from __future__ import annotations

from .case import case

FIRST = "id,name,price\n1,alpha,10.5\n2,beta,7.25\n3,gamma,12\n"
ROWS = ("1|alpha|10.5", "2|beta|7.25", "3|gamma|12")
OTHER = ("other table", "blank line?", "footer?")


def followed(name, text):
    return case(name, FIRST + text, "id|name|price", *ROWS, problems=OTHER)


CASES = (
    followed("the second as wide, a blank line between",
             "\ncity,country,founded\nRome,Italy,-753\nOslo,Norway,1040\nBonn,Germany,11\n"),
    followed("the second narrower, a blank line between",
             "\ncity,founded\nRome,-753\nOslo,1040\nBonn,11\n"),
    followed("the second wider, a blank line between",
             "\ncity,country,founded,people,mayor\nRome,Italy,-753,2800000,Ann\n"
             "Oslo,Norway,1040,700000,Bob\nBonn,Germany,11,330000,Cy\n"),
    followed("the second as wide, nothing between",
             "city,country,founded\nRome,Italy,-753\nOslo,Norway,1040\nBonn,Germany,11\n"),
    followed("the second narrower, nothing between",
             "city,founded\nRome,-753\nOslo,1040\nBonn,11\n"),
    followed("the second wider, nothing between",
             "city,country,founded,people,mayor\nRome,Italy,-753,2800000,Ann\n"
             "Oslo,Norway,1040,700000,Bob\nBonn,Germany,11,330000,Cy\n"),
    followed("several blank lines between",
             "\n\n\ncity,country,founded\nRome,Italy,-753\nOslo,Norway,1040\nBonn,Germany,11\n"),
    followed("three tables",
             "\ncity,founded\nRome,-753\nOslo,1040\n\nplanet,moons,rings\nMars,2,no\nSaturn,146,yes\n"),
    case("the second after its title",
         FIRST + "\nCities\ncity,country,founded,people\nRome,Italy,-753,2800000\n"
         "Oslo,Norway,1040,700000\n",
         "id|name|price", *ROWS, problems=("other table", "blank line?", "footer?", "preamble?")),
    case("both after their titles",
         "Products\nid,name,price\n1,alpha,10.5\n2,beta,7.25\n3,gamma,12\n\n"
         "Cities\ncity,country,founded,people\nRome,Italy,-753,2800000\nOslo,Norway,1040,700000\n",
         "id|name|price", *ROWS,
         problems=("preamble", "other table", "blank line?", "footer?")),
    case("semicolons, the second narrower, a blank line between",
         "a;b;c\n1;2,5;x\n2;3,5;y\n3;4,5;z\n\nk;v\nm;1\nn;2\n",
         "a|b|c", "1|2,5|x", "2|3,5|y", "3|4,5|z", problems=OTHER),
    case("CRLF, the second wider, a blank line between",
         "a,b\r\n1,x\r\n2,y\r\n3,z\r\n\r\nk,v,w,u\r\nm,1,2,3\r\nn,2,3,4\r\n",
         "a|b", "1|x", "2|y", "3|z", problems=OTHER),
    case("files put together, the header repeated",
         "id,name\n1,a\n2,b\nid,name\n3,c\n4,d\n",
         "id|name", "1|a", "2|b", "3|c", "4|d", problems=("repeated header",)),
    case("files put together, the header repeated twice",
         "id,name\n1,a\n2,b\nid,name\n3,c\n4,d\nid,name\n5,e\n",
         "id|name", "1|a", "2|b", "3|c", "4|d", "5|e", problems=("repeated header",)),
    case("files put together, a blank line before each header",
         "id,name\n1,a\n2,b\n\nid,name\n3,c\n4,d\n",
         "id|name", "1|a", "2|b", "3|c", "4|d", problems=("repeated header", "blank line")),
    case("files put together, the repeated header in quotes",
         '"id","name"\n1,"a"\n2,"b"\n"id","name"\n3,"c, d"\n',
         "id|name", "1|a", "2|b", "3|c, d", problems=("repeated header",)),
    case("texts only, the header repeated",
         "country,capital\nFrance,Paris\nSpain,Madrid\ncountry,capital\nItaly,Rome\n",
         "country|capital", "France|Paris", "Spain|Madrid", "Italy|Rome",
         problems=("repeated header",)),
    case("equal rows are rows",
         "id,name\n1,a\n1,a\n2,b\n2,b\n", "id|name", "1|a", "1|a", "2|b", "2|b", python={}),
    case("another table of the same width, its names numbered",
         "id,day,price\n1,2024-01-02,10.5\n2,2024-01-03,7.25\n3,2024-02-11,12\n4,2024-02-20,3.75\n"
         "\nid2,day2,price2\n1,2024-01-02,10.5\n2,2024-01-03,7.25\n3,2024-02-11,12\n",
         "id|day|price", "1|2024-01-02|10.5", "2|2024-01-03|7.25", "3|2024-02-11|12",
         "4|2024-02-20|3.75", problems=("other table", "blank line?")),
    case("another table of the same width, a name of it like a value",
         "id,day,price,n\n1,2024-01-02,10.5,7\n2,2024-01-03,7.25,8\n3,2024-02-11,12,9\n"
         "4,2024-02-20,3.75,10\n\n"
         "sensor,Level (m),Q1,flow in m3\n7,8.5,1,2\n8,9.5,2,3\n9,1.5,3,4\n",
         "id|day|price|n", "1|2024-01-02|10.5|7", "2|2024-01-03|7.25|8", "3|2024-02-11|12|9",
         "4|2024-02-20|3.75|10", problems=("other table", "blank line?")),
    case("another table after five rows, a name of it with a digit",
         "Name,Age,Joined\nAnn Lee,31,2020-01-05\nBob Ray,45,2019-11-30\nCy Poe,27,2021-06-01\n"
         "Dee Fox,38,2018-03-17\nEve Orr,52,2022-09-09\n\n"
         "Sensor,Level (m),Q1\ns1,8.5,7\ns2,9.5,8\ns3,1.5,9\n",
         "Name|Age|Joined", "Ann Lee|31|2020-01-05", "Bob Ray|45|2019-11-30",
         "Cy Poe|27|2021-06-01", "Dee Fox|38|2018-03-17", "Eve Orr|52|2022-09-09",
         problems=("other table", "blank line?")),
    case("another table of texts, its names numbered",
         "country,capital\nFrance,Paris\nSpain,Madrid\nItaly,Rome\nCuba,Havana\n\n"
         "country2,capital2\nPeru,Lima\nChile,Santiago\nKenya,Nairobi\n",
         "country|capital", "France|Paris", "Spain|Madrid", "Italy|Rome", "Cuba|Havana",
         problems=("other table", "blank line?")),
    case("another table of the same width after its title, nothing between",
         FIRST + "Cities of Europe\ncity,country,founded,people,mayor\n"
         "Rome,Italy,-753,2800000,Ann\n"
         "Oslo,Norway,1040,700000,Bob\nBonn,Germany,11,330000,Cy\n",
         "id|name|price", *ROWS, problems=("other table/footer",)),
    case("a table of quoted sentences, and a wider one",
         'name,address,phone\nCy Jones,"85 Low Road, Turin",+36 601 758702\n'
         'Ann Hall,"7 High St., Cork",+31 299 100020\nBob Lee,"9 Mill Road, Split",+45 330 700800\n'
         'Dee Smith,"1 Low St., Ghent",+47 120 330440\n\nid,name,address,phone,city\n'
         '1,Eve,9 Mill Road,+31 200,Rome\n2,Max,1 Low St.,+32 300,Oslo\n'
         '3,Ida,2 Low St.,+33 300,Bonn\n'
         '4,Jan,8 Low St.,+33 301,Bonn\n',
         "name|address|phone", "Cy Jones|85 Low Road, Turin|+36 601 758702",
         "Ann Hall|7 High St., Cork|+31 299 100020", "Bob Lee|9 Mill Road, Split|+45 330 700800",
         "Dee Smith|1 Low St., Ghent|+47 120 330440", problems=OTHER),
    case("rows after a blank line are rows, whatever a damaged one holds",
         "id,day,price\n1,2024-01-02,10.5\n2,2024-01-03,7.25\n3,2024-02-11,12\n\n"
         "x4,day20,free\n5,2024-03-05,8.5\n6,2024-03-09,9.99\n",
         "id|day|price", "1|2024-01-02|10.5", "2|2024-01-03|7.25", "3|2024-02-11|12",
         "x4|day20|free", "5|2024-03-05|8.5", "6|2024-03-09|9.99", problems=("blank line",)),
    # With neither names nor a blank line above them they are rows, if bad ones.
    case("a column of words comes in among those of numbers",
         "".join(f"{n},2024-01-0{n},{n}.5\n" for n in range(1, 10))
         + "".join(f"x{n},{n},2024-02-0{n},{n}.5\n" for n in range(1, 8)),
         "column_1|column_2|column_3", *(f"{n}|2024-01-0{n}|{n}.5" for n in range(1, 10)),
         *(f"x{n},{n}|2024-02-0{n}|{n}.5" for n in range(1, 8)), problems=("too many fields",)),
    *(case(f"two columns, {what}, above a wider table", f"{first}\nid;name;x;y;z;u\n1;a;2;3;4;5\n"
           "2;b;3;4;5;6\n3;c;4;5;6;7\n", names, *rows, problems=("other table", "blank line?"))
      for what, first, names, *rows in (
          ("of texts", "country;capital\nCuba;Havana\nPeru;Lima\nItaly;Rome\nIran;Teheran\n",
           "country|capital", "Cuba|Havana", "Peru|Lima", "Italy|Rome", "Iran|Teheran"),
          ("of numbers", "city;founded\nRome;-753\nOslo;1040\nBonn;11\nNice;unknown\n",
           "city|founded", "Rome|-753", "Oslo|1040", "Bonn|11", "Nice|unknown"),
          ("of settings", "name;value\nspeed;5\nmode;fast\nday;2020-01-01\nw;7\n",
           "name|value", "speed|5", "mode|fast", "day|2020-01-01", "w|7"))),
    case("another table of the same width after a title with a comma",
         "no,part,price,day,n\n1.2.7,alpha,10.5,2024-01-02,7\n12.3,beta,7.25,2024-01-03,8\n"
         "3.14.99,gamma,12,2024-02-11,9\n4.1,delta,3.75,2024-02-20,10\n"
         "Readings, by sensor\nsensor,level,at,owner,phase\ns1,8.5,10:00,Ann,p1\n"
         "s2,9.5,11:00,Bob,p2\ns3,1.5,12:00,Cy,p3\ns4,2.5,13:00,Dee,p4\n",
         "no|part|price|day|n", "1.2.7|alpha|10.5|2024-01-02|7", "12.3|beta|7.25|2024-01-03|8",
         "3.14.99|gamma|12|2024-02-11|9", "4.1|delta|3.75|2024-02-20|10", problems=OTHER),
    case("another table of the same width below numbers with several points",
         "no,part,price,day,n\n12.7,alpha,10.5,2024-01-02,7\n12.3,beta,7.25,2024-01-03,8\n"
         "3.14,gamma,12,2024-02-11,9\n83.1.5,delta,3.75,2024-02-20,10\n"
         "sensor,level,at,owner,phase\ns1,8.5,10:00,Ann,p1\n"
         "s2,9.5,11:00,Bob,p2\ns3,1.5,12:00,Cy,p3\ns4,2.5,13:00,Dee,p4\n",
         "no|part|price|day|n", "12.7|alpha|10.5|2024-01-02|7", "12.3|beta|7.25|2024-01-03|8",
         "3.14|gamma|12|2024-02-11|9", "83.1.5|delta|3.75|2024-02-20|10", problems=OTHER),
    *(case(f"a table of {what} below one of {other} as wide, a blank line between",
           f"{first}\n{second}", *answer, problems=OTHER)
      for texts, numbers in (((
          "country,capital,head\nFrance,Paris,Ann Lee\nSpain,Madrid,Bob Ray\nItaly,Rome,Cy Poe\n"
          "Cuba,Havana,Dee Fox\n", "country|capital|head", "France|Paris|Ann Lee",
          "Spain|Madrid|Bob Ray", "Italy|Rome|Cy Poe", "Cuba|Havana|Dee Fox"), (
          "sensor,level,count\ns1,8.5,7\ns2,9.5,8\ns3,1.5,9\ns4,1.5,9\n", "sensor|level|count",
          "s1|8.5|7", "s2|9.5|8", "s3|1.5|9", "s4|1.5|9")),)
      for what, other, (first, *answer), (second, *_) in (
          ("numbers", "texts", texts, numbers), ("texts", "numbers", numbers, texts))),
    # Rows without values are usual there.
    case("sparse rows below an empty one are no footer",
         "name,a,b\nalpha,,\ndelta,7,8\n,,\nbeta,,\n", "name|a|b", "alpha||", "delta|7|8", "||",
         "beta||"),
    case("a row of words below empty ones is no header",
         "name,a\n,alpha\n,\nnot here,delta\n7,x y\n8,z\n,?\n,delta\n7,alpha\n", "name|a", "|alpha",
         "|", "not here|delta", "7|x y", "8|z", "|?", "|delta", "7|alpha"),
    case("a row of words between rows of which some lack numbers is no header",
         "time,level,flow\n1,10.5,100\n2,11.5,110\n3,12.5,120\n4,13.5,130\nstation,moved,away\n"
         "5,failed,140\n6,14.5,150\n7,failed,150\n8,15.5,160\n", "time|level|flow", "1|10.5|100",
         "2|11.5|110", "3|12.5|120", "4|13.5|130", "station|moved|away", "5|failed|140",
         "6|14.5|150", "7|failed|150", "8|15.5|160"),
)  # fmt: skip
