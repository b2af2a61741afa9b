"""What stands in the queues: as SQS counts it."""

from __future__ import annotations

from worker.aws.session import Aws
from worker.local.depths import Depth, Depths
from worker.model.names import Names
from worker.ops.up import up
from worker.settings import Topology


async def test_every_kind_of_message_is_counted(aws: Aws, unique_name: str) -> None:
    """Visible, held, delayed and dead ones, each vendor's own; what is left is all but the dead."""
    vendors = {"foo": {"adapter": "echo"}, "bar": {"adapter": "echo"}}
    topology = Topology.model_validate({"sluice": {"name": unique_name}, "vendors": vendors})
    await up(topology, aws)
    client, names = await aws.client("sqs"), Names(unique_name)
    queue = (await client.get_queue_url(QueueName=names.queue("foo")))["QueueUrl"]
    graves = (await client.get_queue_url(QueueName=names.dead_letters("foo")))["QueueUrl"]
    for _ in range(3):
        await client.send_message(QueueUrl=queue, MessageBody="x")
    await client.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=600)
    await client.send_message(QueueUrl=graves, MessageBody="x")
    await client.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, VisibilityTimeout=600)
    depths = await (await Depths.open(topology, aws)).ask()
    assert depths == {"foo": Depth(waiting=2, held=1, delayed=1, dead=1), "bar": Depth()}
    assert depths["foo"].left == 4
