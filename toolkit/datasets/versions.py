"""VersionService: naming versions, protecting them, and dropping them."""

from __future__ import annotations

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.hold import Hold
from toolkit.core.interfaces import ICatalog
from toolkit.core.names import parse_ref, validate_dataset_name
from toolkit.core.types import Event, HoldRecord


class VersionService:
    """Tags, holds and drops: each verb is one transaction, which emits its own events."""

    def __init__(self, catalog: ICatalog) -> None:
        self._catalog = catalog

    def tag(self, ref: str, tag: str, *, move: bool) -> None:
        """Name a version; see Workspace.tag.

        Raises InvalidNameError, DatasetNotFoundError, and HeldError for a tag that another version
        of the dataset has, unless ``move`` is True."""
        parsed = parse_ref(ref)
        with self._catalog.transaction() as tx:
            tx.versions.tag(tx.versions.resolve(parsed), tag, move=move)

    def untag(self, name: str, tag: str) -> bool:
        """Take a tag away; False when the dataset has no such tag.

        Raises InvalidNameError for what is not a dataset name, a reference with a version too."""
        validate_dataset_name(name)
        with self._catalog.transaction() as tx:
            return tx.versions.untag(name, tag)

    def hold(self, ref: str, reason: str) -> Hold:
        """Protect a version from being dropped, until the hold is released.

        Raises InvalidNameError, DatasetNotFoundError, and InvalidArgumentError for no reason."""
        parsed = parse_ref(ref)
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidArgumentError(
                f"The reason of a hold is {reason!r}: say in words why {ref} has to stay."
            )
        with self._catalog.transaction() as tx:
            version = tx.versions.resolve(parsed)
            hold_id = tx.versions.hold(version_id=version.id, file_id=None, reason=reason)
        return Hold(hold_id, version.ref, reason, self.release)

    def holds(self) -> tuple[HoldRecord, ...]:
        """Every hold, oldest first."""
        with self._catalog.transaction() as tx:
            return tx.versions.holds()

    def release(self, hold_id: int) -> bool:
        """Release a hold by its number; False when there is none.

        Raises InvalidArgumentError for what is no number."""
        if not isinstance(hold_id, int):
            raise InvalidArgumentError(
                f"{hold_id!r} is not the number of a hold: holds() shows the numbers."
            )
        with self._catalog.transaction() as tx:
            return tx.versions.release_hold(hold_id)

    def drop(self, ref: str) -> str:
        """Drop one version and return its reference.

        Raises DatasetNotFoundError, and HeldError while it is tagged or held."""
        parsed = parse_ref(ref)
        with self._catalog.transaction() as tx:
            version = tx.versions.resolve(parsed)
            tx.versions.drop(version.id)
            tx.emit(Event("version_dropped", version.ref, {"rows": version.rows}))
        return version.ref
