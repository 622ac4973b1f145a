from __future__ import annotations

import pytest

import qa_sync.agreement as ag


def test_public_names_are_those_of_all():
    import types

    imported = {"annotations", "Any", "ModuleType", "sys"}
    exported = {
        name for name, value in vars(ag).items() if not name.startswith("_") and not isinstance(value, types.ModuleType)
    } - imported
    assert exported == set(ag.__all__)
    assert len(ag.__all__) == len(set(ag.__all__))


def test_every_metric_has_a_complete_definition():
    for key, one in ag.METRIC_DEFINITIONS.items():
        assert key == one.id == one.id.lower()
        assert one.version >= 1
        assert all((one.name, one.formula, one.source, one.unit, one.undefined))
        assert one.higher_is in ("better", "worse", "neutral")


def test_names_are_unique_and_assumed_definitions_are_labelled():
    names = [one.name for one in ag.METRIC_DEFINITIONS.values()]
    assert len(names) == len(set(names))
    assumed = {one.id for one in ag.METRIC_DEFINITIONS.values() if one.assumed}
    assert assumed == {"critical_accuracy", "non_critical_accuracy", "xrr"}


def test_columns_of_the_library_call_are_defined_metrics():
    weights = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio")
    found = ag.agreement(["a"], ["a"], levels=["a", "b"], weights=weights)
    for column in found.columns:
        if f"{column}_lower" in found.columns or column.endswith("_index"):
            assert ag.metric(column).formula


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(KeyError, match="kappa"):
        ag.metric("kapa")
