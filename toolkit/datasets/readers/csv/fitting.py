"""Values that are not of the type of their column, where bad rows are repaired or left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from toolkit.datasets.readers.csv.records import Block, Policy
from toolkit.datasets.readers.csv.typed_file import TypedFile, parse_block
from toolkit.datasets.readers.failures import ENGINE_FAILURES


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that its column cannot hold."""

    row: int
    """Its position in the block."""
    column: str
    text: str

    def place(self, block: Block) -> tuple[int, int]:
        """The line and the offset at which its row begins in the text, of a block with places."""
        assert block.places is not None
        lines, offsets = block.places
        return int(lines[self.row]), int(offsets[self.row])


def fitted(file: TypedFile, block: Block, policy: Policy) -> pl.DataFrame:
    """The records of a block with the reader's types.

    With ``"repair"`` a value that does not fit is null, with ``"skip"`` its row is left out; see
    ``misfits``. With ``"error"`` it raises what the engine does."""
    try:
        return file.typed(parse_block(file, block), list(file.columns))
    except ENGINE_FAILURES:
        texts = parse_block(file.as_text, block)
        found = _converted(file, texts)
        lost = {misfit.row for misfit in _misfits(file, texts, found)}
        if lost and policy == "error":
            raise
    # Without misfits they were blanks around a value, which are not a part of it.
    frame = pl.DataFrame(list(found.values()))
    if policy == "repair" or not lost:
        return frame
    return frame.filter(pl.Series([row not in lost for row in range(frame.height)]))


def misfits(file: TypedFile, block: Block) -> list[Misfit]:
    """The values of a block that do not fit, in the order of the rows."""
    texts = parse_block(file.as_text, block)
    return sorted(_misfits(file, texts, _converted(file, texts)), key=lambda misfit: misfit.row)


def _converted(file: TypedFile, texts: pl.DataFrame) -> dict[str, pl.Series]:
    found = {}
    for name, column in file.columns.items():
        values = column.lenient(texts[name])
        found[name] = texts[name] if values is None else values.alias(name)
    return found


def _misfits(file: TypedFile, texts: pl.DataFrame, found: dict[str, pl.Series]) -> Iterator[Misfit]:
    for name, column in file.columns.items():
        raw = texts[name]
        if found[name] is raw:
            continue
        lost = column.misfits(raw, found[name])
        for row in lost.arg_true().to_list():
            yield Misfit(row, name, raw[row])
