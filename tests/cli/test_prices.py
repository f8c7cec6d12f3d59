"""The user's price table."""

import pytest

from policies.errors import PolicyError
from rollway.reports.prices import VARIABLE, read_prices


def test_no_table_no_prices(monkeypatch):
    """Without a table nothing is said of money."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_prices() is None


def test_a_table_is_read(monkeypatch, tmp_path):
    """The table is a small YAML file."""
    path = tmp_path / "prices.yaml"
    path.write_text("{currency: EUR, per_hour: {ml.m5.xlarge: 0.23}}", "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    prices = read_prices()
    assert prices is not None
    assert (prices.currency, prices.per_hour) == ("EUR", {"ml.m5.xlarge": 0.23})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{currency: EUR, per_hour: {ml.m5.xlarge: -1}}", "per_hour.ml.m5.xlarge"),
        ("{currency: EUR}", "expected a file with per_hour"),
        ("{currency: EUR, per_hour: {}, per_day: {}}", "per_day"),
        ("[", "is not valid YAML"),
    ],
)
def test_a_wrong_table_is_told_with_its_field(monkeypatch, tmp_path, content, told):
    """What is wrong is named with its place."""
    path = tmp_path / "prices.yaml"
    path.write_text(content, "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(PolicyError, match=told):
        read_prices()


def test_a_table_that_is_not_there(monkeypatch):
    """The path is in the message."""
    monkeypatch.setenv(VARIABLE, "/nowhere/prices.yaml")
    with pytest.raises(PolicyError, match=r"/nowhere/prices\.yaml"):
        read_prices()
