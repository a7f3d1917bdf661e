"""How many requests may be under way: grows while replies come well, narrows where the endpoint pushes back, keeps pauses."""

from __future__ import annotations

import asyncio
import heapq

import pytest

from simulator.models.limit import AdaptiveLimit


class Clock:
    """Time that passes only while all are asleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._asleep: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._asleep, (self.now + seconds, self._count, woken))
        await woken

    async def all(self, *coming) -> None:
        """Run until all are done, passing time as nobody is awake."""
        tasks = [asyncio.create_task(each) for each in coming]
        while not all(task.done() for task in tasks):
            for _ in range(5):
                await asyncio.sleep(0)
            if self._asleep:
                self.now, _, woken = heapq.heappop(self._asleep)
                woken.set_result(None)
        for task in tasks:
            task.result()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def round_of(limit: AdaptiveLimit, pushed: float = 0.0) -> None:
    """Have one reply for each slot of the width; the share ``pushed`` of them are refusals."""
    width = limit.width
    for number in range(width):
        async with limit as slot:
            if number < round(width * pushed):
                slot.pushed_back()
            else:
                slot.went_well()


class TestWidth:
    async def test_it_begins_at_half_and_reaches_the_ceiling_within_a_round(self, clock):
        limit = AdaptiveLimit(100, clock=clock, sleep=clock.sleep)
        assert limit.width == 50
        await round_of(limit)
        assert limit.width == 100
        await round_of(limit)
        assert limit.width == 100

    async def test_an_endpoint_that_turns_everything_away_is_halved_each_round_down_to_one(self, clock):
        limit = AdaptiveLimit(64, clock=clock, sleep=clock.sleep)
        seen = []
        for _ in range(8):
            await round_of(limit, pushed=1.0)
            seen.append(limit.width)
        assert seen == [16, 8, 4, 2, 1, 1, 1, 1]

    async def test_after_that_it_grows_by_steps(self, clock):
        limit = AdaptiveLimit(64, clock=clock, sleep=clock.sleep)
        await round_of(limit, pushed=1.0)
        seen = []
        for _ in range(3):
            await round_of(limit)
            seen.append(limit.width)
        assert seen == [20, 24, 28]
        for _ in range(20):
            await round_of(limit)
        assert limit.width == 64

    async def test_a_few_refusals_at_random_cost_little(self, clock):
        limit = AdaptiveLimit(100, clock=clock, sleep=clock.sleep)
        for _ in range(40):
            await round_of(limit, pushed=0.1)
            await round_of(limit)
        assert limit.width > 90

    @pytest.mark.parametrize("bears", [1, 7, 40])
    async def test_it_settles_near_what_an_endpoint_bears(self, clock, bears):
        limit = AdaptiveLimit(100, clock=clock, sleep=clock.sleep)
        for _ in range(60):
            await round_of(limit, pushed=max(0.0, 1 - bears / limit.width))
        assert bears * 0.5 <= limit.width <= bears + 10

    @pytest.mark.parametrize(("ceiling", "rate"), [(0, None), (-1, None), (1, 0), (1, -2.0), (1, float("nan"))])
    def test_what_is_no_limit(self, ceiling, rate):
        with pytest.raises(ValueError, match="limit"):
            AdaptiveLimit(ceiling, rate)


class TestSlots:
    async def test_never_more_at_once_than_the_width_and_first_come_first_served(self, clock):
        limit = AdaptiveLimit(6, clock=clock, sleep=clock.sleep)
        order: list[int] = []
        most = 0
        go = asyncio.Event()

        async def one(number: int) -> None:
            nonlocal most
            async with limit:
                order.append(number)
                most = max(most, limit.under_way)
                await go.wait()

        tasks = [asyncio.create_task(one(number)) for number in range(20)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(order) == limit.under_way == 3
        go.set()
        await asyncio.gather(*tasks)
        assert order == list(range(20))
        assert (most, limit.under_way) == (3, 0)

    async def test_who_gives_up_waiting_takes_no_place(self, clock):
        limit = AdaptiveLimit(1, clock=clock, sleep=clock.sleep)
        async with limit:
            waiting = [asyncio.create_task(limit.__aenter__()) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
        await waiting[1]
        assert limit.under_way == 1

    async def test_not_even_at_the_moment_of_being_called_in(self, clock):
        limit = AdaptiveLimit(1, clock=clock, sleep=clock.sleep)
        async with limit:
            waiting = [asyncio.create_task(limit.__aenter__()) for _ in range(2)]
            await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert waiting[0].cancelled()
        assert limit.under_way == 1

    async def test_an_error_within_gives_the_slot_back(self, clock):
        limit = AdaptiveLimit(1, clock=clock, sleep=clock.sleep)
        with pytest.raises(KeyError):
            async with limit:
                raise KeyError("oops")
        assert limit.under_way == 0


class TestTime:
    async def test_a_pause_holds_for_everybody(self, clock):
        limit = AdaptiveLimit(10, clock=clock, sleep=clock.sleep)
        async with limit as slot:
            slot.pushed_back(30)
            assert limit.paused_s == 30
        begun = []

        async def one() -> None:
            async with limit:
                begun.append(clock.now)

        await clock.all(*(one() for _ in range(5)))
        assert begun == [1030.0] * 5
        assert limit.paused_s == 0

    async def test_a_shorter_pause_does_not_end_a_longer_one(self, clock):
        limit = AdaptiveLimit(10, clock=clock, sleep=clock.sleep)
        async with limit as slot:
            slot.pushed_back(30)
            slot.pushed_back(5)
        assert limit.paused_s == 30

    async def test_a_rate_is_never_passed_and_nearly_reached(self, clock):
        limit = AdaptiveLimit(50, rate_per_s=20, clock=clock, sleep=clock.sleep)
        begun = []

        async def one() -> None:
            async with limit:
                begun.append(clock.now)
                await clock.sleep(0.2)

        await clock.all(*(one() for _ in range(100)))
        gaps = [later - earlier for earlier, later in zip(sorted(begun), sorted(begun)[1:], strict=False)]
        assert min(gaps) >= 1 / 20 - 1e-9
        assert max(begun) - min(begun) < 6

    async def test_a_pause_that_begins_while_the_rate_is_waited_for_is_kept_too(self, clock):
        limit = AdaptiveLimit(10, rate_per_s=1, clock=clock, sleep=clock.sleep)
        begun = []

        async def one(number: int) -> None:
            async with limit as slot:
                begun.append(clock.now)
                if number == 1:
                    slot.pushed_back(60)

        await clock.all(*(one(number) for number in range(4)))
        assert begun[:2] == [1000, 1001]
        assert begun[2:] == [1061, 1062]
