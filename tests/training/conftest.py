"""What the tests of training share."""

import pytest
from small_runs import small_model


@pytest.fixture
def cgc():
    """A CGC model at its initial weights; all of them use one compiled program."""
    return small_model()
