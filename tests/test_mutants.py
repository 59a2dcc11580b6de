"""The mutants can still be made, and, in the long run, are all noticed."""

from pathlib import Path

import pytest

from tests.mutants import MUTANTS, ROOT, Mutant, survives


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.change.replace(" ", "_"))
def test_its_text_and_its_test_are_there(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1
    file, *names = mutant.test.split("::")
    text = Path(ROOT / file).read_text()
    for name in names:
        inherited = (ROOT / "tests/contracts/log_contract.py").read_text() + (
            ROOT / "tests/contracts/idempotency_contract.py"
        ).read_text()
        assert name in text + inherited


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.change.replace(" ", "_"))
def test_it_is_noticed(mutant: Mutant) -> None:
    said = survives(mutant)
    assert said is None, said
