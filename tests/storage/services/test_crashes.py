"""Processes that die or race: the store stays sound, and a later collection clears up."""

from __future__ import annotations

import pytest

DIE = "lambda *a, **k: os._exit(42)"

STEPS = {
    "while the source is read": """
def source():
    yield b"data" * 1000
    os._exit(42)
producer.produce(source(), "x")
""",
    "before the look-up": "catalog.transaction = DIE\nproducer.produce([b'data'], 'x')",
    "before the publication": "backend.publish = DIE\nproducer.produce([b'data'], 'x')",
    "during the publication": """
import toolkit.storage.backends.folders as folders
real = folders.sync_folder
def sync(folder):
    real(folder)
    if (folder.parent.name, len(list(folder.iterdir()))) == ("objects", 1): os._exit(42)
folders.sync_folder = sync
producer.produce([b"data"], "x")
""",
    "after the publication": """
real = backend.publish
def publish(*a):
    real(*a)
    os._exit(42)
backend.publish = publish
producer.produce([b"data"], "x")
""",
    "inside the transaction": """
with producer.stage("x") as staged:
    staged.write([b"data"])
    staged.commit(DIE)
""",
    "after the transaction": """
catalog.events.subscribe(DIE)
producer.produce([b"data"], "x")
""",
}


def age_everything(shop):
    for path in [*shop.leftovers(), *(shop.backend.locate(key).path for key in shop.objects())]:
        shop.age(path, 2)


@pytest.mark.parametrize("step", STEPS)
def test_a_save_that_dies_leaves_at_most_an_orphan(local_shop, start, step):
    kept = local_shop.producer.produce([b"kept"], "x")
    local_shop.catalog.close()
    process = start(STEPS[step].replace("DIE", DIE))
    _out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (42, "")
    assert local_shop.check().ok
    acknowledged = 2 if step == "after the transaction" else 1
    assert len(local_shop.rows()) == acknowledged
    assert local_shop.rows()[0].id == kept.file_id
    age_everything(local_shop)
    local_shop.gc()
    local_shop.assert_clean()
    assert not local_shop.producer.produce([b"new"], "x").deduplicated
    assert local_shop.producer.produce([b"data"], "x").deduplicated == (acknowledged == 2)
    local_shop.assert_clean()


def test_processes_with_the_same_bytes_make_one_row_and_one_object(local_shop, start):
    code = """
for i in range(20):
    assert producer.produce([b"shared %d" % i], "x").file_id
"""
    processes = [start(code) for _ in range(3)]
    for process in processes:
        _out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    assert [row.ref_count for row in local_shop.rows()] == [3] * 20
    local_shop.assert_clean()
