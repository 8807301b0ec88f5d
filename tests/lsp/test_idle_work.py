import asyncio
from collections.abc import Callable

from codex_ls.lsp.idle_work import run_when_idle


async def test_steps_run_in_order_and_none_while_a_task_is_running() -> None:
    looked, end = asyncio.Event(), asyncio.Event()
    done: list[int] = []
    question = asyncio.create_task(end.wait())

    def running() -> set[asyncio.Task[bool]]:
        looked.set()
        return set() if question.done() else {question}

    steps: list[Callable[[], object]] = [lambda: done.append(1), lambda: done.append(2)]
    work = asyncio.create_task(run_when_idle(steps, running=running, idle_s=0))
    await asyncio.wait_for(looked.wait(), 10)
    assert done == []

    end.set()
    await asyncio.wait_for(work, 10)
    assert done == [1, 2]


async def test_a_step_waits_for_a_task_that_began_after_the_step_before() -> None:
    second_looked, end = asyncio.Event(), asyncio.Event()
    questions: set[asyncio.Task[bool]] = set()
    done: list[int] = []

    def first() -> None:
        done.append(1)
        questions.add(asyncio.create_task(end.wait()))

    def running() -> set[asyncio.Task[bool]]:
        if questions:
            second_looked.set()
        return {question for question in questions if not question.done()}

    steps: list[Callable[[], object]] = [first, lambda: done.append(2)]
    work = asyncio.create_task(run_when_idle(steps, running=running, idle_s=0))
    await asyncio.wait_for(second_looked.wait(), 10)
    assert done == [1]

    end.set()
    await asyncio.wait_for(work, 10)
    assert done == [1, 2]
