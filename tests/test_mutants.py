"""The list of planted faults, by itself; `make mutants` runs the tests on each."""

import pytest
from mutants import FAST, MUTANTS, ROOT, file_of, planted


def test_the_list():
    assert len(MUTANTS) >= 20
    assert len({found.fault for found in MUTANTS}) == len(MUTANTS)
    assert {found.first for found in MUTANTS} <= set(FAST)
    assert all((ROOT / file_of(name)).is_file() for name in FAST)


@pytest.mark.parametrize("found", MUTANTS, ids=lambda found: found.fault)
def test_a_fault_can_still_be_planted(found):
    """Each old text stands once in its module, and what comes of it is still Python: a fault, not a typing error."""
    for module in {module for module, _, _ in found.edits}:
        text = (ROOT / "ple_tutorial" / f"{module}.py").read_text(encoding="utf-8")
        faulty = planted(text, [(old, new) for name, old, new in found.edits if name == module])
        assert faulty != text
        compile(faulty, module, "exec")


def test_an_old_text_that_is_gone_or_there_twice_is_told():
    assert planted("a b", [("a", "c"), ("b", "d")]) == "c d"
    for text in ("b", "a a"):
        with pytest.raises(ValueError, match=r"expected once, found [02] times: a"):
            planted(text, [("a", "c")])
