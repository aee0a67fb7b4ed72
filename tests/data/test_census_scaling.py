"""The census's numbers are scaled by the train part alone, on a stand-in that needs no download."""

import numpy as np
import pandas as pd

from ple_tutorial.data import census

ROWS = 200


def test_scaled_by_the_train_part_alone(monkeypatch):
    rng = np.random.default_rng(0)
    words = [name for name in census.COLUMNS if name not in {*census.NUMERIC, "instance_weight"}]
    frame = pd.DataFrame({name: rng.integers(0, 50, ROWS) for name in census.NUMERIC})
    frame = frame.assign(**{name: pd.Categorical(rng.choice(["a", "b"], ROWS)) for name in words})
    frame["income"] = pd.Categorical(rng.choice(["50000+", "- 50000"], ROWS))
    frame["marital_stat"] = pd.Categorical(rng.choice(["Never married", "Divorced"], ROWS))
    monkeypatch.setattr(census, "load", lambda full: frame)
    parts = census.splits(seed=0)
    assert [len(part) for part in parts] == [120, 40, 40]
    for part, exact in zip(parts, (True, False, False), strict=True):
        numeric = part.features["numeric"].astype(float)
        assert np.allclose(numeric.mean(axis=0), 0, atol=1e-5) == exact
        assert np.allclose(numeric.std(axis=0), 1, atol=1e-5) == exact
