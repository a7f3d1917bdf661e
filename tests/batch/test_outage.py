"""An endpoint that is away is waited for by one, and nothing is taken for an answer meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from simulator.batch.outage import IN_A_ROW, Outage, StopRunError


async def test_one_tries_again_and_the_others_wait_for_it():
    told: list[float] = []
    outage = Outage([0.01, 0.02, 0.03], [0.01], told=lambda _reason, seconds: told.append(seconds))
    stop = asyncio.Event()
    there, tries = False, dict.fromkeys(range(6), 0)
    assert not outage.met("")

    async def ask(number: int) -> None:
        while True:
            await outage.passed(number, stop)
            tries[number] += 1
            if not outage.met("" if there else "unreachable"):
                return
            await outage.wait(number, "Nothing answers.", stop)

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(ask(number))
        await asyncio.sleep(0.02)
        assert outage.away
        there = True
    assert not outage.away
    # The first went on trying; the others asked once it had an answer.
    assert sorted(tries.values())[:5] == [1] * 5
    assert max(tries.values()) == len(told) + 1
    assert told == [0.01, 0.02, 0.03][: len(told)]


async def test_an_address_where_nobody_ever_was_is_given_up_soon_and_one_that_answered_late():
    stop = asyncio.Event()
    never, later = (Outage([0] * 9, [0]) for _ in range(2))
    later.met("")
    tries = []
    for outage in (never, later):
        count = 0
        with pytest.raises(StopRunError, match="Nothing answers"):
            while outage.met("unreachable"):
                count += 1
                await outage.wait("me", "Nothing answers.", stop)
        tries.append(count)
    assert tries == [2, 10]


async def test_failures_one_after_another_are_an_outage_and_single_ones_are_not():
    outage = Outage()
    for _ in range(100):
        assert not any(outage.met("server") for _ in range(IN_A_ROW - 1))
        assert not outage.met("")
    assert [outage.met("timeout") for _ in range(IN_A_ROW)] == [False] * (IN_A_ROW - 1) + [True]
    assert not outage.met("too_long")


async def test_told_to_stop_nobody_goes_on_waiting():
    outage, stop = Outage([60], [60]), asyncio.Event()
    outage.met("unreachable")
    waiting = [asyncio.create_task(outage.wait(number, "Away.", stop)) for number in range(3)]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(outage.passed(9, stop)))
    await asyncio.sleep(0)
    stop.set()
    done, late = await asyncio.wait(waiting, timeout=5)
    assert len(done) == len(waiting)
    assert not late
    assert not any(each.exception() for each in done)
