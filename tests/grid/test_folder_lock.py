"""The lock of a folder: one holds it, the others wait."""

from __future__ import annotations

import threading
from pathlib import Path

from grid.folder_lock import locked


def test_who_wants_a_locked_folder_waits_until_it_is_free(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path):
            order.append("second")

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    with locked(tmp_path / "missing"):
        order.append("no folder to lock")
