"""Samples are the first keys, whatever the order in which they come."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analysis.report.sampling import FirstKeys, Strata


def sampled(keys: list[str], most: int) -> FirstKeys[str]:
    sample: FirstKeys[str] = FirstKeys(most)
    for key in keys:
        if sample.wants(key):
            sample.keep(key, key)
    return sample


@settings(max_examples=100, deadline=None)
@given(st.data(), st.lists(st.text("0123456789abcdef", min_size=1, max_size=4)), st.integers(0, 6))
def test_the_first_keys_are_kept_in_any_order(data: st.DataObject, keys: list[str], most: int):
    sample = sampled(keys, most)
    assert list(sample) == sorted(keys)[:most]
    assert sample.count == len(keys)
    assert list(sampled(data.draw(st.permutations(keys)), most)) == list(sample)


def test_items_are_never_compared():
    sample: FirstKeys[object] = FirstKeys(2)
    for _ in range(3):
        if sample.wants("same"):
            sample.keep("same", object())
    assert len(sample) == 2


def test_strata_are_sampled_each_by_itself():
    strata: Strata[str, str] = Strata(1)
    for stratum, key in (("a", "2"), ("b", "9"), ("a", "1")):
        if strata[stratum].wants(key):
            strata[stratum].keep(key, key)
    assert {name: (list(sample), sample.count) for name, sample in strata.items()} == {"a": (["1"], 2), "b": (["9"], 1)}
    assert list(strata.get("c")) == []
