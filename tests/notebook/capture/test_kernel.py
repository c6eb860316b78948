"""Capture in real kernels, as a front end runs them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

import toolkit as tk

IMPORTS = "%load_ext toolkit\nimport polars as pl"


class Kernel:
    """A kernel and its client; ``run`` gives the outputs of a cell."""

    def __init__(self, manager: AsyncKernelManager) -> None:
        self.manager = manager
        self.client = manager.client()

    async def run(self, cell: str) -> list[dict[str, Any]]:
        outputs: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in {"stream", "execute_result", "display_data", "error"}:
                outputs.append({"type": message["msg_type"], **message["content"]})

        await self.client.execute_interactive(cell, output_hook=keep, timeout=60)
        return outputs

    async def text(self, cell: str) -> str:
        return "".join(each.get("text", "") for each in await self.run(cell))

    async def restart(self) -> None:
        await self.manager.restart_kernel(now=True)
        await self.client.wait_for_ready(timeout=60)


@asynccontextmanager
async def kernel(folder: Path, notebook: str) -> AsyncIterator[Kernel]:
    """A kernel of a notebook, on the one workspace."""
    environment = {
        "JPY_SESSION_NAME": f"{folder}/{notebook}.ipynb",
        "TOOLKIT_HOME": str(folder / "workspace"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(Path(tk.__file__).parents[1]),
    }
    manager = AsyncKernelManager(kernel_name="python3")
    quiet = ["--IPKernelApp.log_level=ERROR"]
    await manager.start_kernel(
        cwd=str(folder), env={**os.environ, **environment}, extra_arguments=quiet
    )
    started = Kernel(manager)
    try:
        started.client.start_channels()
        await started.client.wait_for_ready(timeout=60)
        yield started
    finally:
        started.client.stop_channels()
        await manager.shutdown_kernel(now=True)


Work = Callable[..., Awaitable[Any]]


@pytest.fixture
def in_kernels(folder: Path) -> Callable[..., Any]:
    """Runs a function on kernels of the named notebooks, and returns its result."""

    def run(work: Work, *notebooks: str) -> Any:
        async def with_kernels(*started: Kernel) -> Any:
            if len(started) == len(notebooks):
                return await work(*started)
            async with kernel(folder, notebooks[len(started)]) as one:
                return await with_kernels(*started, one)

        return asyncio.run(with_kernels())

    return run


def test_a_notebook_from_its_first_cell_to_the_session_after_a_restart(in_kernels, folder):
    async def work(kernel: Kernel) -> None:
        assert await kernel.run(IMPORTS) == []
        shown = await kernel.run('df = pl.DataFrame({"x": [1, 2]})\n"result"')
        assert [each["type"] for each in shown] == ["execute_result", "stream"]
        assert shown[1]["text"] == "toolkit: saved df (2 × 1)\n"
        late = "toolkit: saved late (1 × 1) from df\n"
        assert await kernel.text('%%capture\nlate = df.filter(pl.col("x") > 1)') == late
        failed = await kernel.run('odd = df.head(1)\nraise ValueError("odd")')
        assert [each["type"] for each in failed] == ["error", "stream"]
        assert failed[1]["text"] == "toolkit: saved odd (1 × 1) from df (the cell failed)\n"
        again = await kernel.text("async def f(): return df\nagain = (await f()).clone()")
        assert again == "toolkit: again (2 × 1) already stored\n"
        await kernel.restart()
        await kernel.run(IMPORTS)
        again = await kernel.text('df = pl.DataFrame({"x": [1, 2]})')
        assert again == "toolkit: df (2 × 1) already stored\n"

    in_kernels(work, "My analysis")
    with tk.Workspace(folder / "workspace") as workspace:
        names = ["again", "df", "late", "odd"]
        assert workspace.datasets()["name"].to_list() == [f"My_analysis.{n}" for n in names]
        assert workspace.sql("select count(distinct session) from catalog.runs").fetchall() == [
            (2,)
        ]
        assert workspace.check().ok


def test_two_notebooks_at_once_disturb_each_other_not_at_all(in_kernels, folder):
    async def one(kernel: Kernel) -> list[str]:
        await kernel.run(f"{IMPORTS}\n%toolkit keep 2")
        cell = 'df = pl.DataFrame({{"x": [{0}, 1]}}); late = df.with_columns(y={0})'
        return [await kernel.text(cell.format(number)) for number in range(8)]

    async def work(*kernels: Kernel) -> list[list[str]]:
        return await asyncio.gather(*map(one, kernels))

    for lines in in_kernels(work, "one", "two"):
        # Both let versions go, also of each other's, which each of them tells once.
        assert sum("let go of" in line for line in lines) <= 1
        assert all("late (2 × 2)" in line and "not saved" not in line for line in lines), lines
    with tk.Workspace(folder / "workspace") as workspace:
        names = ("one.df", "one.late", "two.df", "two.late")
        stored = [workspace.history(name)["version"].to_list() for name in names]
        assert all(versions[-2:] == [7, 8] for versions in stored)
        assert workspace.check().ok
        assert workspace.stats()["expired_versions"].item() == 32 - sum(map(len, stored)) > 0


def test_another_kernel_with_the_same_name_is_no_problem(in_kernels, folder):
    async def work(first: Kernel, second: Kernel) -> None:
        for number, kernel in enumerate((first, second)):
            await kernel.run(IMPORTS)
            await kernel.run(f'df = pl.DataFrame({{"x": [{number}]}})')
        late = await first.text("late = df.with_columns(y=1)")
        assert late == "toolkit: saved late (1 × 2) from df\n"

    in_kernels(work, "one", "one")
    with tk.Workspace(folder / "workspace") as workspace:
        assert workspace.lineage("one.late")["input"].to_list() == ["one.df@1"]
        assert workspace.load("one.late").collect().rows() == [(0, 1)]
