"""Works that the event loop submits about the same time reach the writer together, and none waits for ever."""

from __future__ import annotations

import asyncio

from stigmer_store.gathering import MOST_TURNS, QUIET_TURNS, Gathering


async def turns(number: int) -> None:
    """Let the event loop run that often."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_works_of_several_turns_go_together_once_no_more_come() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 100)
    for number in range(5):
        gathering.add(asyncio.get_running_loop(), number)
        await turns(3)
    assert went == []
    await turns(20)
    assert went == [[0, 1, 2, 3, 4]]


async def test_as_many_as_make_a_group_go_at_once() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 3)
    for number in range(3):
        gathering.add(asyncio.get_running_loop(), number)
    await turns(2)
    assert went == [[0, 1, 2]]


async def test_a_stream_of_works_without_end_holds_up_none() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 10_000)
    for number in range(MOST_TURNS + 5):
        gathering.add(asyncio.get_running_loop(), number)
        await turns(1)
    assert went[0][0] == 0
    assert len(went[0]) <= MOST_TURNS + 2


async def test_what_is_flushed_does_not_go_again() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 100)
    gathering.add(asyncio.get_running_loop(), 1)
    gathering.flush()
    gathering.add(asyncio.get_running_loop(), 2)
    gathering.flush()
    await turns(50)
    assert went == [[1], [2]]


def go_together(gathering: Gathering[int], works: int) -> None:
    """Let so many works be handed over as one group: 0, 1, 2 and so on."""
    for number in range(works):
        gathering.add(asyncio.get_running_loop(), number)
    gathering.flush()


async def test_as_many_as_went_last_are_waited_for() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 100)
    loop = asyncio.get_running_loop()
    go_together(gathering, 3)
    for number in range(2):
        gathering.add(loop, number)
    await turns(QUIET_TURNS + 2)
    assert went == [[0, 1, 2]]
    gathering.add(loop, 2)
    assert went == [[0, 1, 2], [0, 1, 2]]


async def test_those_who_do_not_come_are_not_waited_for_long_and_not_again() -> None:
    went: asyncio.Queue[list[int]] = asyncio.Queue()
    gathering: Gathering[int] = Gathering(went.put_nowait, 100)
    loop = asyncio.get_running_loop()
    go_together(gathering, 3)
    assert await went.get() == [0, 1, 2]
    gathering.add(loop, 3)
    assert await asyncio.wait_for(went.get(), 20) == [3]
    gathering.add(loop, 4)
    await turns(QUIET_TURNS + 2)
    assert went.get_nowait() == [4]


async def test_what_comes_while_others_are_under_way_goes_when_they_have_come_back() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 100)
    gathering.hold()
    gathering.add(asyncio.get_running_loop(), 1)
    await turns(QUIET_TURNS + 2)
    assert went == []
    gathering.release()
    assert went == [[1]]


async def test_those_who_waited_beside_a_group_are_expected_to_go_with_it() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 100)
    loop = asyncio.get_running_loop()
    go_together(gathering, 2)
    gathering.hold()
    gathering.add(loop, 2)
    gathering.release()
    for number in (0, 1):
        assert went == [[0, 1]]
        gathering.add(loop, number)
    assert went == [[0, 1], [2, 0, 1]]


async def test_a_full_group_goes_even_while_others_are_under_way() -> None:
    went: list[list[int]] = []
    gathering: Gathering[int] = Gathering(went.append, 3)
    gathering.hold()
    for number in range(4):
        gathering.add(asyncio.get_running_loop(), number)
    assert went == [[0, 1, 2]]
