"""What the notebook extension recorded: cells that were run, and what variables were then."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.catalog.repositories.base import Repository, timestamp
from toolkit.core.types import Binding, NewRun, RunId, VersionId

_INSERT_RUN = """
    INSERT INTO runs
    VALUES (nextval('run_ids'), ?, ?, ?, ?::TIMESTAMPTZ, ?, ?)
    RETURNING id
"""

_LAST_SESSION = """
    SELECT r.session FROM runs r
    WHERE r.notebook = ? AND r.session <> ?
        AND EXISTS (SELECT 1 FROM bindings b WHERE b.run_id = r.id)
    ORDER BY r.started_at DESC, r.id DESC LIMIT 1
"""

_BINDINGS = """
    SELECT b.variable, b.version_id, b.note, coalesce(d.name || '@' || v.number, ''),
        epoch_us(r.started_at)
    FROM bindings b
    JOIN runs r ON r.id = b.run_id
    LEFT JOIN versions v ON v.id = b.version_id
    LEFT JOIN datasets d ON d.id = v.dataset_id
    WHERE r.notebook = ? AND r.session = ?
    QUALIFY row_number() OVER (PARTITION BY b.variable ORDER BY b.run_id DESC) = 1
    ORDER BY b.variable
"""

_EXPENDABLE = """
    SELECT c.version_id, d.name || '@' || v.number, v.byte_size,
        row_number() OVER (PARTITION BY v.dataset_id ORDER BY v.number DESC) AS place
    FROM captured c
    JOIN versions v ON v.id = c.version_id
    JOIN datasets d ON d.id = v.dataset_id
    ANTI JOIN tags t ON t.version_id = c.version_id
    ANTI JOIN holds h ON h.version_id = c.version_id
    ORDER BY v.created_at, v.id
"""


class Captures(Repository):
    """Runs, bindings, and the versions that may expire."""

    def add_run(self, run: NewRun) -> RunId:
        """Record a cell that was run; returns its id."""
        values = (
            run.notebook,
            run.session,
            run.source,
            run.started_at.isoformat(),
            run.seconds,
            run.succeeded,
        )
        ((run_id,),) = self._query(_INSERT_RUN, values)
        return int(run_id)

    def bind(self, run_id: RunId, variable: str, version_id: VersionId | None, note: str) -> None:
        """Record what a variable was after a run; without a version ``note`` says what."""
        self._query(
            "INSERT INTO bindings VALUES (?, ?, ?, ?)", (run_id, variable, version_id, note)
        )

    def last_bindings(self, notebook: str, besides: str) -> tuple[Binding, ...]:
        """What every variable was at the end of the notebook's last session other than
        ``besides``, by name. The reference is empty where the version was dropped."""
        sessions = self._query(_LAST_SESSION, (notebook, besides))
        if not sessions:
            return ()
        return tuple(
            Binding(variable, ref, note, version_id is not None, timestamp(at))
            for variable, version_id, note, ref, at in self._query(
                _BINDINGS, (notebook, sessions[0][0])
            )
        )

    def keep(self, version_id: VersionId) -> None:
        """A person saved the version: it does not expire any more."""
        self._query("DELETE FROM captured WHERE version_id = ?", (version_id,))

    def expendable(self) -> Sequence[tuple[VersionId, str, int, int]]:
        """Captured versions that are neither tagged nor held, oldest first: id, reference, bytes,
        and their place in the dataset, 1 for the newest of them."""
        return [
            (version_id, ref, size, place)
            for version_id, ref, size, place in self._query(_EXPENDABLE)
        ]
