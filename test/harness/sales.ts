import type { Sandbox } from '../../sandbox/sandbox';
import { Ledger } from './ledger';
import type { Credential, N8nClient, StoredWorkflow } from './n8n/client';
import { buildChain, buildMark, buildPollingTrigger } from './n8n/workflows';
import { until } from './until';

/** Two polls, and n8n's time to begin the execution. */
const handoverTimeoutMs = 180_000;

/** Sales that a polling trigger is to find, and a ledger outside n8n that has what it handed over. */
export class Sales {
	private readonly sold: string[] = [];

	private constructor(
		private readonly sandbox: Sandbox,
		private readonly ledger: Ledger,
	) {}

	static async open(sandbox: Sandbox): Promise<Sales> {
		return new Sales(sandbox, await Ledger.open());
	}

	/** @param readStored what n8n has stored of the workflow's polls; by default its static data */
	async activateWorkflow(
		client: N8nClient,
		credential: Credential,
		readStored = async ({ id }: StoredWorkflow) =>
			JSON.stringify((await client.workflow(id)).staticData),
	): Promise<StoredWorkflow> {
		const nodes = [buildPollingTrigger(), buildMark(this.ledger, '$json.eventId')];
		const workflow = await client.importWorkflow(buildChain('Polls', nodes), [credential]);
		await client.activate(workflow.id);
		const hasState = async () => (await readStored(workflow)).includes('pollingTest');
		await until('the first poll to be stored', hasState, { withinMs: 90_000 });
		return workflow;
	}

	/** Sells, without a webhook unless it is asked for; returns the event IDs. */
	async sell(count = 2, deliver = false): Promise<string[]> {
		const { orderIds } = await this.sandbox.purchase({ count, deliver, wait: deliver });
		const eventIds = orderIds.map((id) => `order.completed:${id}`);
		this.sold.push(...eventIds);
		return eventIds;
	}

	/** How often each sale was handed over, in the order in which they were made. */
	countHandovers(eventIds: readonly string[] = this.sold): number[] {
		return eventIds.map((id) => this.ledger.entries.get(id)?.markedAt.length ?? 0);
	}

	async waitForHandovers(
		eventIds: readonly string[],
		times: number,
		withinMs = handoverTimeoutMs,
	): Promise<void> {
		await until(
			`each of ${eventIds.length} sales to be handed over ${times} times`,
			() => this.countHandovers(eventIds).every((count) => count >= times),
			{ withinMs },
		);
	}

	/** What was handed over that was never sold, or under another event ID. */
	get strange(): string[] {
		const others = [...this.ledger.entries.keys()].filter((id) => !this.sold.includes(id));
		return [...others, ...this.ledger.strange];
	}

	close = () => this.ledger.close();
}
