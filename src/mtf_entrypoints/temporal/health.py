"""Whether the Temporal server answers, and whether anybody takes its jobs."""

from __future__ import annotations

import time

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from mtf_core.inquiry import HealthCheck
from mtf_core.words import counted
from mtf_entrypoints.settings import TemporalOptions
from mtf_entrypoints.temporal.connecting import TemporalUnavailableError, connected

NAME = "temporal"


async def check_temporal(options: TemporalOptions) -> HealthCheck:
    """One line of the server; it fails where no worker takes the jobs of our queue."""
    started = time.perf_counter()
    try:
        client = await connected(options)
        asked = DescribeTaskQueueRequest(
            namespace=options.namespace,
            task_queue=TaskQueue(name=options.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        queue = await client.workflow_service.describe_task_queue(asked)
    except (TemporalUnavailableError, RPCError) as error:
        ok, detail = False, (str(error).splitlines() or [""])[0]
    else:
        workers = len({poller.identity for poller in queue.pollers})
        ok, taken = workers > 0, f"{counted(workers, 'worker')} took jobs" if workers else "no worker takes jobs"
        detail = f"{options.address}, namespace {options.namespace}: {taken} of {options.task_queue} lately"
    return HealthCheck(NAME, ok, detail, round(time.perf_counter() - started, 6))
