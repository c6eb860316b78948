"""Rows that end with their last filled cell, under names that may be a comment."""

from __future__ import annotations

from .case import case, cells

ZONES = (
    "AD\t+4230+00131\tEurope/Andorra",
    "AE\t+2518+05518\tAsia/Dubai\tCrozet",
    "AQ\t-7750+16636\tAntarctica/McMurdo\tNew Zealand time",
    "AQ\t-6617+11031\tAntarctica/Casey\tCasey",
    "AR\t-3436-05827\tAmerica/Argentina/Buenos_Aires",
    "AT\t+4813+01620\tEurope/Vienna",
    "AU\t-3133+15905\tAustralia/Lord_Howe\tLord Howe Island",
    "BB\t+1306-05937\tAmerica/Barbados",
)
ZONE_ROWS = tuple(cells(line.replace("\t", "|") + "|" * (3 - line.count("\t"))) for line in ZONES)
ORDERS = (
    "1,pen,2024-01-02,paid,by card,late",
    "2,ink,2024-01-03,paid",
    "3,pad,2024-01-05",
    "4,pen,2024-01-09,open,by bill",
    "5,cup,2024-01-12",
    "6,pen,2024-02-01,paid",
    "7,ink,2024-02-02",
    "8,pad,2024-02-05,paid,by card",
    "9,cup,2024-02-09",
)
ORDER_ROWS = tuple(cells(line.replace(",", "|") + "|" * (5 - line.count(","))) for line in ORDERS)
NAMES = "id,item,day,state,way,note"


def zones(name, above, below="", *problems):
    data = above + "\n".join(ZONES) + "\n" + below
    return case(name, data, "#code|place|TZ|comments", *ZONE_ROWS,
                problems=("too few fields", *problems))  # fmt: skip


def orders(name, above, names=NAMES):
    data = above + "\n".join((names, *ORDERS)) + "\n"
    kinds = ("too few fields", "preamble/comment?", "blank line?")
    return case(name, data, names.replace(",", "|"), *ORDER_ROWS, problems=kinds)


CASES = (
    zones("a commented header names a column that most rows lack",
          "# time zones\n#\n# as text\n#code\tplace\tTZ\tcomments\n", "", "preamble"),
    zones("a commented header with tabs that line its names up",
          "# time zones\n#\n#code\tplace\tTZ\t\t\tcomments\n", "", "preamble"),
    zones("comments above and below under a commented header",
          "# time zones\n#code\tplace\tTZ\tcomments\n", "#\n# the end\n#@AQ\tAntarctica/\n",
          "preamble", "comment"),
    orders("rows end with their last filled cell", ""),
    orders("rows end with their last filled cell, below a title", "Orders of the shop\n\n"),
    orders("rows end with their last filled cell, their header is marked",
           "# orders\n#\n", f"#{NAMES}"),
)  # fmt: skip
