import { fillSetUp, readExample } from '../../demo/example-workflows';
import type { SandboxOptions } from '../../sandbox/sandbox';
import type { StoredWorkflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { MailServer } from '../harness/mailServer';
import { control, type ExampleOptions, RunningExample } from './runningExample';

/** What the sandbox's purchases take; without a product and an offer the first of each is bought. */
type Purchase = Parameters<TestEnvironment['sandbox']['purchase']>[0];

/** What the tests of the examples share: n8n, a seeded sandbox, and an email server. */
export class ExampleShop {
	private constructor(
		readonly environment: TestEnvironment,
		readonly mailServer: MailServer,
		/** The first product and the first offer of the sandbox; empty if it has none. */
		readonly productId: string,
		readonly offerId: string,
	) {}

	static async open(sandbox: SandboxOptions): Promise<ExampleShop> {
		const environment = await startEnvironment({ sandbox });
		const findFirst = async (path: string) =>
			(await environment.api.get<Array<{ _id: string }>>(path)).data[0]?._id ?? '';
		const [productId, offerId] = [await findFirst('/products'), await findFirst('/subscriptions')];
		return new ExampleShop(environment, await MailServer.open(), productId, offerId);
	}

	async close(): Promise<void> {
		await this.environment.stop();
		await this.mailServer.close();
	}

	/** Everything works again. */
	recover(): void {
		this.mailServer.refuses = false;
		this.environment.sandbox.setSwitches({ faults: [], dropRate: 0 });
	}

	/** Imports an example, fills it in and publishes it; it can send emails. */
	async openExample(file: string, options: ExampleOptions = {}): Promise<RunningExample> {
		const credentials = { smtp: this.mailServer.credential, ...options.credentials };
		return await RunningExample.open(this.environment, file, { ...options, credentials });
	}

	/** Imports an example as `openExample` does, for one run by hand: without sample data, unpublished. */
	async importExample(
		file: string,
		{ values = {}, credentials = {}, change = (same) => same }: ExampleOptions,
	): Promise<StoredWorkflow> {
		const { client, credential } = this.environment;
		const own = { smtp: this.mailServer.credential, ...credentials };
		const stored = await Promise.all(
			Object.entries(own).map(([type, data]) => client.createCredential(type, file, data)),
		);
		const filled = fillSetUp({ ...(await readExample(file)), pinData: {} }, values);
		return await client.importWorkflow(change(filled), [credential, ...stored]);
	}

	/** Sells a product; returns the ID of the order. */
	async sell(purchase: Purchase = {}): Promise<string> {
		const { productId, environment } = this;
		return (await environment.sandbox.purchase({ productId, ...purchase })).orderIds[0];
	}

	/** Sells a subscription; returns the ID of the membership. */
	async subscribe(purchase: Purchase = {}): Promise<string> {
		const { offerId, environment } = this;
		return (await environment.sandbox.purchase({ offerId, ...purchase })).membershipIds[0];
	}

	/** Refunds an order, in part if there is an amount; returns the ID of the refund. */
	async refund(orderId: string, amount?: number): Promise<string> {
		const body = { orderId, amount };
		return (await this.environment.api.post<{ _id: string }>('/refunds', body)).data._id;
	}

	/** What time does to a membership. */
	async happen(membership: string, what: 'renew' | 'fail-payment' | 'end'): Promise<void> {
		await this.control(`/memberships/${membership}/${what}`);
	}

	/** Asks the sandbox to do something that no API call does. */
	async control(path: string, body: Record<string, unknown> = {}): Promise<void> {
		await control(this.environment, path, body);
	}

	/** Delivers the newest event of a name once more, as it was. */
	async redeliver(event: string): Promise<void> {
		const { deliveries } = this.environment.sandbox;
		const { body } = deliveries.findLast((each) => each.event === event) ?? {};
		await this.control('/deliver', { event, body, wait: true });
	}

	/** Pocketsflow answers reads at a path with this status. */
	failReads(path: string, status = 500): void {
		this.environment.sandbox.setSwitches({
			faults: [{ method: 'GET', path, kind: 'answer', status, count: 99 }],
		});
	}

	/** No event is delivered. */
	loseDeliveries(): void {
		this.environment.sandbox.setSwitches({ dropRate: 1 });
	}

	/** The messages that an address got, oldest first. */
	mailsTo(email: string) {
		return this.mailServer.mails.filter(({ to }) => to.includes(email));
	}
}

/** The shop of a test file. */
export let shop: ExampleShop;

/** Opens `shop` for the tests of a file; it recovers after each. Called once at its top. */
export function setUpShop(
	sandbox: SandboxOptions = { seed: 'test', switches: { rateLimit: false } },
): void {
	beforeAll(async () => {
		shop = await ExampleShop.open(sandbox);
	}, installationTimeoutMs);
	afterAll(() => shop?.close());
	afterEach(() => shop.recover());
}
