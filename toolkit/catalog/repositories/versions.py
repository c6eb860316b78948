"""Datasets and their versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from toolkit.catalog.repositories.base import timestamp
from toolkit.catalog.repositories.captures import Captures
from toolkit.catalog.repositories.holds import Holds
from toolkit.catalog.repositories.manifests import Manifests
from toolkit.catalog.repositories.tags import Tags
from toolkit.catalog.repositories.usage import Usage
from toolkit.core.errors import DatasetNotFoundError, HeldError, did_you_mean
from toolkit.core.types import DataRef, NewFragment, NewVersion, VersionId, VersionRecord

_SELECT = """
    SELECT v.id, d.name, v.number, v.kind, v.fingerprint, v.rows, v.byte_size, v.schema,
        v.metadata, epoch_us(v.created_at)
    FROM versions v JOIN datasets d ON d.id = v.dataset_id
"""

_NEXT_NUMBER = """
    UPDATE datasets SET last_version = last_version + 1 WHERE folded = ?
    RETURNING id, name, last_version
"""

_INSERT_DATASET = """
    INSERT INTO datasets VALUES (nextval('dataset_ids'), ?, ?, 1, now())
    RETURNING id, name, last_version
"""

_INSERT = """
    INSERT INTO versions
    VALUES (nextval('version_ids'), ?, ?, ?, ?, ?, ?, ?, ?, ?, now(), ?)
    RETURNING id, epoch_us(created_at)
"""

_NUMBERS_SHOWN = 10


def _version_record(row: Sequence[Any]) -> VersionRecord:
    version_id, dataset, number, kind, fingerprint, rows, byte_size, schema, metadata, created = row
    return VersionRecord(
        id=version_id,
        dataset=dataset,
        number=number,
        kind=kind,
        fingerprint=fingerprint,
        rows=rows,
        byte_size=byte_size,
        schema=schema,
        metadata=json.loads(metadata),
        created_at=timestamp(created),
    )


class VersionRepository(Manifests, Tags, Holds, Usage, Captures):
    """Implements ``IVersionRepository``.

    Names of datasets are compared without regard to case, as SQL does; the first spelling stays.
    """

    def resolve(self, ref: DataRef) -> VersionRecord:
        find = (
            self._numbered
            if ref.version is not None
            else self._tagged
            if ref.tag is not None
            else self._latest
        )
        return find(ref)

    def newest(self, dataset: str) -> VersionRecord | None:
        return self._one(
            f"{_SELECT} WHERE d.folded = ? ORDER BY v.number DESC LIMIT 1", dataset.lower()
        )

    def by_fingerprint(self, fingerprint: str, prefer: str = "") -> VersionRecord | None:
        # Most saves find nothing, which the first query tells in an eighth of the second's time.
        if not self._query("SELECT 1 FROM versions WHERE fingerprint = ? LIMIT 1", (fingerprint,)):
            return None
        return self._one(
            f"{_SELECT} WHERE v.fingerprint = ? ORDER BY d.folded = ? DESC, v.number DESC LIMIT 1",
            fingerprint,
            prefer.lower(),
        )

    def same_content(self, fingerprint: str) -> Sequence[VersionRecord]:
        return self._many(f"{_SELECT} WHERE v.fingerprint = ? ORDER BY v.id DESC", fingerprint)

    def by_id(self, version_id: VersionId) -> VersionRecord | None:
        return self._one(f"{_SELECT} WHERE v.id = ?", version_id)

    def by_file_key(self, key: str) -> Sequence[VersionRecord]:
        return self._many(
            f"{_SELECT} WHERE v.id IN (SELECT vf.version_id FROM version_files vf "
            "JOIN files f ON f.id = vf.file_id WHERE f.uri = ?) ORDER BY v.id DESC",
            key,
        )

    def datasets(self) -> Sequence[str]:
        """The names of the datasets that have versions, in alphabetical order."""
        rows = self._query(
            "SELECT name FROM datasets WHERE id IN (SELECT dataset_id FROM versions) "
            "ORDER BY folded"
        )
        return [name for (name,) in rows]

    def create(self, version: NewVersion) -> VersionRecord:
        """See ``IVersionRepository``. Numbers of dropped versions are not used again."""
        folded = version.dataset.lower()
        ((dataset_id, name, number),) = self._query(_NEXT_NUMBER, (folded,)) or self._query(
            _INSERT_DATASET, (version.dataset, folded)
        )
        metadata = json.dumps(dict(version.metadata))
        ((version_id, created),) = self._query(
            _INSERT,
            (
                dataset_id,
                number,
                version.kind,
                version.fingerprint,
                version.rows,
                version.byte_size,
                version.schema,
                metadata,
                version.note,
                version.new_bytes,
            ),
        )
        self._insert_parts(version_id, version)
        if version.captured:
            self._query("INSERT INTO captured VALUES (?)", (version_id,))
        return VersionRecord(
            id=version_id,
            dataset=name,
            number=number,
            kind=version.kind,
            fingerprint=version.fingerprint,
            rows=version.rows,
            byte_size=version.byte_size,
            schema=version.schema,
            metadata=json.loads(metadata),
            created_at=timestamp(created),
        )

    def replace_manifest(self, version_id: VersionId, fragments: Sequence[NewFragment]) -> None:
        """See ``IVersionRepository``. Holds on the version move with it.

        Raises DatasetNotFoundError when there is no such version, FileMissingError when a new file
        is gone or being deleted."""
        if self.by_id(version_id) is None:
            raise DatasetNotFoundError(f"There is no version with the id {version_id}.")
        uses = 1 + len(self.holds(version_id))
        before = self._held_files(version_id, None)
        after = {file.file_id for fragment in fragments for file in fragment.files}
        self._files.add_references(dict.fromkeys(after.difference(before), uses))
        self._query("DELETE FROM version_files WHERE version_id = ?", (version_id,))
        self.insert_fragments(version_id, fragments)
        self._files.add_references(dict.fromkeys(set(before) - after, -uses))

    def drop(self, version_id: VersionId) -> None:
        """Delete a version with its columns, manifest and lineage, and release its files.

        Versions derived from it keep the text of their reference to it. Raises HeldError when it
        is tagged or held, DatasetNotFoundError when there is no such version.
        """
        version = self.by_id(version_id)
        if version is None:
            raise DatasetNotFoundError(f"There is no version with the id {version_id} to drop.")
        self._refuse_protected(version)
        files = dict.fromkeys(self._held_files(version_id, None), -1)
        self._delete_parts(version_id)
        self._query("DELETE FROM versions WHERE id = ?", (version_id,))
        self._files.add_references(files)

    def _refuse_protected(self, version: VersionRecord) -> None:
        tags = self.tags(version.id)
        holds = self.holds(version.id)
        if not tags and not holds:
            return
        reasons = [f'the tag "{tag}"' for tag in tags] + [
            f'the hold {hold.id} ("{hold.reason}")' for hold in holds
        ]
        raise HeldError(
            f"{version.ref} is protected by {', '.join(reasons)} and was not dropped. "
            "Remove the tags and release the holds first."
        )

    def _latest(self, ref: DataRef) -> VersionRecord:
        found = self.newest(ref.name)
        if found is None:
            raise self._no_dataset(ref.name)
        return found

    def _numbered(self, ref: DataRef) -> VersionRecord:
        found = self._one(
            f"{_SELECT} WHERE d.folded = ? AND v.number = ?", ref.name.lower(), ref.version
        )
        if found is not None:
            return found
        numbers = self._of_dataset(
            ref.name,
            "SELECT v.number FROM versions v JOIN datasets d ON d.id = v.dataset_id "
            "WHERE d.folded = ? ORDER BY v.number DESC",
        )
        if not numbers:
            raise self._no_dataset(ref.name)
        shown = ", ".join(map(str, reversed(numbers[:_NUMBERS_SHOWN])))
        more = "… " if len(numbers) > _NUMBERS_SHOWN else ""
        raise DatasetNotFoundError(
            f'"{ref.name}" has no version {ref.version}. Existing versions: {more}{shown}.'
        )

    def _tagged(self, ref: DataRef) -> VersionRecord:
        found = self._one(
            f"{_SELECT} JOIN tags t ON t.version_id = v.id AND t.dataset_id = d.id "
            "WHERE d.folded = ? AND t.tag = ?",
            ref.name.lower(),
            ref.tag,
        )
        if found is not None:
            return found
        if self.newest(ref.name) is None:
            raise self._no_dataset(ref.name)
        tags = self._of_dataset(
            ref.name,
            "SELECT t.tag FROM tags t JOIN datasets d ON d.id = t.dataset_id WHERE d.folded = ?",
        )
        raise DatasetNotFoundError(
            f'"{ref.name}" has no tag "{ref.tag}". '
            + did_you_mean(str(ref.tag), map(str, tags), noun="tags")
        )

    def _of_dataset(self, name: str, sql: str) -> list[Any]:
        return [value for (value,) in self._query(sql, (name.lower(),))]

    def _no_dataset(self, name: str) -> DatasetNotFoundError:
        return DatasetNotFoundError(
            f'There is no dataset "{name}". ' + did_you_mean(name, self.datasets(), noun="datasets")
        )

    def _one(self, sql: str, *parameters: Any) -> VersionRecord | None:
        rows = self._query(sql, parameters)
        return _version_record(rows[0]) if rows else None

    def _many(self, sql: str, *parameters: Any) -> list[VersionRecord]:
        return [_version_record(row) for row in self._query(sql, parameters)]
