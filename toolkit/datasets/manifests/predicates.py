"""Taking a predicate apart, so that each file is asked only what concerns it."""

from __future__ import annotations

import re

import polars as pl

_CALL = re.compile(r"\.([a-z_0-9.]+)\(")
_ARITHMETIC = re.compile(r"\) (\+|-|\*|/|//|%) \(")

_HARMLESS = re.compile(
    r"abs|cast|not|when|then|otherwise"
    r"|is_(between|close|finite|in|infinite|nan|not_nan|not_null|null)"
    r"|dt\.(date|day|hour|minute|month|second|weekday|year)"
    r"|str\.(contains|ends_with|len_bytes|len_chars|starts_with|to_lowercase|to_uppercase)"
)
"""Functions that give a value, or null, for every value; ``cast`` is the one that is not strict."""


def conjuncts(predicate: pl.Expr) -> list[pl.Expr]:
    """The terms of which all have to be true, in their order."""
    terms: list[pl.Expr] = []
    waiting = [predicate]
    while waiting:
        expression = waiting.pop()
        inputs = expression.meta.pop()
        if len(inputs) == 2 and (inputs[1] & inputs[0]).meta.eq(expression):
            waiting += [inputs[0], inputs[1]]
        else:
            terms.append(expression)
    return terms


def names_of(expression: pl.Expr) -> set[str]:
    """The columns that an expression reads."""
    return set(expression.meta.root_names())


def may_raise(expression: pl.Expr) -> bool:
    """Whether some value could make the expression fail; True where that is not known.

    An expression that can fail has to see every row, as it does in a scan of one file: rows that
    another term has taken out before would hide the failure. (polars does not hand over terms that
    can fail together with others that cannot.)"""
    text = str(expression)
    if _ARITHMETIC.search(text):  # of decimals
        return True
    return not all(map(_HARMLESS.fullmatch, _CALL.findall(text)))
