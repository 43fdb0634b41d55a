import axios from 'axios';

import { fillSetUp, readExample } from '../../demo/example-workflows';
import type { SetUpValues } from '../../demo/examples';
import type { Execution, StoredWorkflow, Workflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { MailServer } from '../harness/mailServer';
import { Brevo } from '../harness/services/brevo';
import { Discord } from '../harness/services/discord';
import { Telegram } from '../harness/services/telegram';
import { until } from '../harness/until';

/** What an example keeps of a purchase in its data table. */
interface Row {
	purchase: string;
	account: string;
	wanted: string;
	access: string;
	overdueSince: string;
	eventId: string;
	sentAt: string;
	problem: string;
}

let environment: TestEnvironment;
let productId: string;
let offerId: string;
let projectPath: string;

beforeAll(async () => {
	environment = await startEnvironment({
		sandbox: { seed: 'test', switches: { rateLimit: false } },
	});
	const { api, client } = environment;
	[{ _id: productId }] = (await api.get<Array<{ _id: string }>>('/products')).data;
	[{ _id: offerId }] = (await api.get<Array<{ _id: string }>>('/subscriptions')).data;
	const { id } = await client.get<{ id: string }>('/projects/personal');
	projectPath = `/projects/${id}/data-tables`;
}, installationTimeoutMs);

afterAll(() => environment?.stop());

/**
 * Without the sample data, which a run by hand would use, and without the trigger's own memory of repeated
 * deliveries. The tries are as many as in the example; only the waits between them are shortened.
 */
const prepare = (workflow: Workflow): Workflow => ({
	...workflow,
	pinData: {},
	nodes: workflow.nodes.map((node) => ({
		...node,
		...(node.type.endsWith('.pocketsflowTrigger') && {
			parameters: { ...node.parameters, options: { skipRepeated: false } },
		}),
		...(node.retryOnFail === true && { waitBetweenTries: 50 }),
	})),
});

/** One of the examples in n8n, published, and its data table. */
class Access {
	/** The execution of the newest event. */
	newest: Execution | undefined;

	private constructor(
		private readonly workflow: StoredWorkflow,
		private readonly table: string,
	) {}

	static async open(
		file: string,
		values: SetUpValues,
		credentials: Record<string, Record<string, unknown>>,
		change: (workflow: Workflow) => Workflow = (workflow) => workflow,
	): Promise<Access> {
		const { client, credential } = environment;
		const own = await Promise.all(
			Object.entries(credentials).map(([type, data]) => client.createCredential(type, file, data)),
		);
		const workflow = fillSetUp(prepare(change(await readExample(file))), values);
		const stored = await client.importWorkflow(workflow, [credential, ...own]);
		await client.activate(stored.id);
		return new Access(stored, file.replace('access-', 'pocketsflow_'));
	}

	/** Fills in other values, and publishes them. */
	async setUp(values: SetUpValues): Promise<void> {
		const { client } = environment;
		const { nodes } = fillSetUp(await client.workflow(this.workflow.id), values);
		await client.update(this.workflow.id, { nodes });
		await client.activate(this.workflow.id);
	}

	/** Waits until every delivery is worked on; returns what the newest says could not be done. */
	async settle(): Promise<string> {
		const { client, sandbox } = environment;
		await sandbox.waitForDeliveries();
		const path = new URL(client.webhookUrl(this.workflow, 'Pocketsflow Trigger')).pathname;
		const received = sandbox.deliveries.filter(
			({ url, outcome }) => url.endsWith(path) && outcome === 'delivered',
		).length;
		const newest = await until(`${received} deliveries to be worked on`, async () => {
			const all = await client.executions(this.workflow.id);
			const started = all.filter(({ mode }) => mode === 'webhook');
			if (started.length < received || started.some(({ stoppedAt }) => stoppedAt === null))
				throw new Error(`There are ${started.length} executions.`);
			return started[0];
		});
		this.newest = await client.execution(newest.id);
		return readError(this.newest);
	}

	/** Deactivates a node of the workflow, or activates it again, and publishes that. */
	async setDisabled(name: string, disabled: boolean): Promise<void> {
		const { client } = environment;
		const { nodes } = await client.workflow(this.workflow.id);
		const changed = nodes.map((node) => (node.name === name ? { ...node, disabled } : node));
		await client.update(this.workflow.id, { nodes: changed });
		await client.activate(this.workflow.id);
	}

	/** Runs the nightly check; returns what it says could not be done. */
	async checkAtNight(): Promise<string> {
		const { client } = environment;
		const started = await client.runManually(this.workflow.id, 'Every night');
		if (!('executionId' in started)) throw new Error('The nightly check waits.');
		const ended = await until('the nightly check to end', async () => {
			const execution = await client.execution(started.executionId);
			return execution.stoppedAt !== null && execution;
		});
		return readError(ended);
	}

	async rows(purchase: string): Promise<Row[]> {
		const { data } = await environment.client.get<{ data: Row[] }>(`${await this.path()}/rows`, {
			params: { take: 100 },
		});
		return data.filter((row) => row.purchase === purchase);
	}

	/** Changes the row of a purchase, as its owner can by hand. */
	async edit(purchase: string, data: Partial<Row>): Promise<void> {
		const filters = [{ columnName: 'purchase', condition: 'eq', value: purchase }];
		await environment.client.patch(`${await this.path()}/rows`, {
			filter: { type: 'and', filters },
			data,
		});
	}

	private async path(): Promise<string> {
		const { data } = await environment.client.get<{ data: Array<{ id: string; name: string }> }>(
			projectPath,
		);
		const table = data.find(({ name }) => name === this.table);
		if (!table) throw new Error(`There is no data table ${this.table}.`);
		return `${projectPath}/${table.id}`;
	}
}

const readError = ({ status, error }: Execution) =>
	status === 'success' ? '' : (error?.message ?? status);

const control = async (path: string, body: Record<string, unknown> = {}) => {
	await axios.post(`${environment.sandbox.url}/_sandbox${path}`, body, { proxy: false });
};

/** Delivers the newest event of a name once more. */
const redeliver = async (event: string) => {
	const delivery = environment.sandbox.deliveries.findLast((each) => each.event === event);
	await control('/deliver', { event, body: delivery?.body, wait: true });
};

const happen = (membership: string, what: 'renew' | 'fail-payment' | 'end') =>
	control(`/memberships/${membership}/${what}`);

const refund = (orderId: string, amount?: number) =>
	environment.api.post('/refunds', { orderId, amount });

interface Buyer {
	metadata?: Record<string, string>;
	email?: string;
}

const buy = async (buyer: Buyer) => {
	const { orderIds } = await environment.sandbox.purchase({ productId, ...buyer });
	return orderIds[0];
};

const subscribe = async (buyer: Buyer) => {
	const { membershipIds } = await environment.sandbox.purchase({ offerId, ...buyer });
	return membershipIds[0];
};

const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60_000).toISOString();

describe('a Discord role', () => {
	let discord: Discord;
	let access: Access;
	let newest = 284102390218940000n;

	beforeAll(async () => {
		discord = await Discord.open();
		const values = {
			discordServer: discord.server,
			discordRole: discord.role,
			discordApi: discord.url,
			acceptTestPurchases: true,
		};
		const credentials = { discordBotApi: { botToken: discord.botToken } };
		access = await Access.open('access-discord', values, credentials);
	});

	afterAll(() => discord?.close());

	/** Somebody with a Discord account, who has joined the server. */
	const join = () => {
		const member = nextAccount();
		discord.join(member);
		return member;
	};
	const nextAccount = () => {
		newest += 1n;
		return String(newest);
	};
	const buyerOf = (member: string) => ({ metadata: { discord_id: member } });

	test('is given to a buyer once, though the event comes twice, and taken back with the money', async () => {
		const member = join();
		const order = await buy(buyerOf(member));
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(true);

		await redeliver('order.completed');
		expect(await access.settle()).toBe('');
		expect(discord.count('PUT', member)).toBe(1);
		expect(await access.rows(order)).toMatchObject([
			{ account: member, access: 'given', eventId: `order.completed:${order}` },
		]);

		await refund(order, 5);
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await refund(order);
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
		expect(await access.rows(order)).toMatchObject([{ access: 'taken', wanted: 'no' }]);
	});

	test('follows a membership through its life', async () => {
		const member = join();
		const membership = await subscribe(buyerOf(member));
		await access.settle();
		await happen(membership, 'renew');
		await access.settle();
		expect(discord.count('PUT', member)).toBe(1);

		await happen(membership, 'fail-payment');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(2.9) });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(3.1) });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(false);

		await happen(membership, 'renew');
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		expect(await access.rows(membership)).toMatchObject([{ access: 'given', overdueSince: '' }]);
		await happen(membership, 'end');
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
	});

	test('stays away when an older event comes late', async () => {
		const member = join();
		const membership = await subscribe(buyerOf(member));
		await access.settle();
		const [created] = environment.sandbox.deliveries.filter(
			({ event, body }) => event === 'customer.subscription.created' && body.includes(membership),
		);
		await happen(membership, 'end');
		await access.settle();
		const [ended] = await access.rows(membership);

		const event = 'customer.subscription.updated';
		const headers = { 'X-Pocketsflow-Timestamp': String(Date.parse(created.queuedAt)) };
		await control('/deliver', { event, body: created.body, headers, wait: true });
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
		expect(await access.rows(membership)).toMatchObject([
			{ access: 'taken', eventId: ended.eventId, sentAt: ended.sentAt },
		]);
	});

	test('is taken at night when the event of the end was lost', async () => {
		const [one, other] = [join(), join()];
		const membership = await subscribe(buyerOf(one));
		const order = await buy(buyerOf(other));
		await access.settle();
		environment.sandbox.setSwitches({ dropRate: 1 });
		await happen(membership, 'end');
		await refund(order);
		await access.settle();
		environment.sandbox.setSwitches({ dropRate: 0 });
		expect([discord.hasRole(one), discord.hasRole(other)]).toEqual([true, true]);
		expect(await access.checkAtNight()).toBe('');
		expect([discord.hasRole(one), discord.hasRole(other)]).toEqual([false, false]);
	});

	test('stays with a buyer who has another purchase', async () => {
		const member = join();
		const order = await buy(buyerOf(member));
		await access.settle();
		const membership = await subscribe(buyerOf(member));
		await access.settle();
		await refund(order);
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await happen(membership, 'end');
		await access.settle();
		expect(discord.hasRole(member)).toBe(false);
	});

	test('that two events gave and took at once is right after the night', async () => {
		const member = join();
		const membership = await subscribe(buyerOf(member));
		await access.settle();
		await happen(membership, 'end');
		await access.settle();
		// The older of the two came to Discord last.
		discord.members.get(member)?.add(discord.role);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
	});

	test('is not given for a test purchase, unless that is set up', async () => {
		const member = join();
		await access.setUp({ acceptTestPurchases: false });
		const order = await buy(buyerOf(member));
		expect(await access.settle()).toMatch(new RegExp(`Order ${order} .* is a test purchase`));
		expect(discord.hasRole(member)).toBe(false);
		await access.setUp({ acceptTestPurchases: true });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});

	test('is not given for another product', async () => {
		const member = join();
		await access.setUp({ products: `another-product, ${offerId}` });
		const order = await buy(buyerOf(member));
		const membership = await subscribe(buyerOf(member));
		expect(await access.settle()).toBe('');
		await access.setUp({ products: '' });
		expect(await access.rows(order)).toEqual([]);
		expect(await access.rows(membership)).toMatchObject([{ access: 'given' }]);
	});

	test('waits for the account that a purchase does not name', async () => {
		const member = join();
		const order = await buy({});
		expect(await access.settle()).toMatch(new RegExp(`Order ${order} .* names no Discord account`));
		expect(await access.checkAtNight()).toMatch(
			new RegExp(`Order ${order} .* names no Discord account`),
		);
		await access.edit(order, { account: member });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});

	test('waits for a buyer who has not joined yet, and forgets one who has left', async () => {
		const member = nextAccount();
		const order = await buy(buyerOf(member));
		expect(await access.settle()).toMatch(/Discord did not give .* Unknown Member/);
		discord.join(member);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);

		discord.members.delete(member);
		await refund(order);
		expect(await access.settle()).toBe('');
		expect(await access.rows(order)).toMatchObject([{ access: 'taken' }]);
	});

	test('that Discord refuses to give or to take is told, and done in the next night', async () => {
		const member = join();
		const forbidden = { status: 403, body: { message: 'Missing Permissions', code: 50013 } };
		discord.failNext({ method: 'PUT', path: member, times: 3, ...forbidden });
		const order = await buy(buyerOf(member));
		expect(await access.settle()).toMatch(/Discord did not give .* Missing Permissions/);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);

		const broken = { status: 502, body: { message: '502: Bad Gateway', code: 0 } };
		discord.failNext({ method: 'DELETE', path: member, times: 3, ...broken });
		await refund(order);
		expect(await access.settle()).toMatch(/Discord did not take /);
		expect(await access.rows(order)).toMatchObject([{ access: 'given', wanted: 'no' }]);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
		expect(await access.rows(order)).toMatchObject([{ access: 'taken', problem: '' }]);
	});

	test('that a deactivated node passes on is not taken for given, and is given later', async () => {
		const member = join();
		await access.setDisabled('Give role', true);
		const order = await buy(buyerOf(member));
		expect(await access.settle()).toMatch(/Discord did not give .*: it gave no answer/);
		const [{ access: recorded }] = await access.rows(order);
		expect(recorded).not.toBe('given');
		await access.setDisabled('Give role', false);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});

	test('is given at night when the order could not be read before', async () => {
		const member = join();
		const { sandbox } = environment;
		sandbox.setSwitches({ faults: [{ path: '/orders/*', kind: 'answer', status: 404, count: 9 }] });
		const order = await buy(buyerOf(member));
		expect(await access.settle()).toMatch(new RegExp(`Order ${order} .* could not be read`));
		sandbox.setSwitches({ faults: [] });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});
});

describe('a list of members', () => {
	let brevo: Brevo;
	let access: Access;

	/** The address of Google Sheets cannot be set: a node that only makes the same row stands in for its node. */
	const replaceSheet = (workflow: Workflow): Workflow => ({
		...workflow,
		nodes: workflow.nodes.map((node) => {
			if (node.name !== 'Update sheet') return node;
			const { value } = node.parameters.columns as { value: Record<string, string> };
			const assignments = Object.entries(value).map(([name, expression]) => ({
				id: name,
				name,
				value: expression,
				type: 'string',
			}));
			return {
				...node,
				type: 'n8n-nodes-base.set',
				typeVersion: 3.4,
				disabled: false,
				parameters: { assignments: { assignments }, options: {} },
			};
		}),
	});

	beforeAll(async () => {
		brevo = await Brevo.open();
		const values = { brevoList: brevo.list, brevoApi: brevo.url, acceptTestPurchases: true };
		const credentials = { sendInBlueApi: { apiKey: brevo.apiKey } };
		access = await Access.open('access-list', values, credentials, replaceSheet);
	});

	afterAll(() => brevo?.close());

	test('has a buyer once, and lets go who is refunded', async () => {
		const order = await buy({ email: 'Ada@Example.com' });
		expect(await access.settle()).toBe('');
		expect(brevo.isOnList('ada@example.com')).toBe(true);
		await redeliver('order.completed');
		expect(await access.settle()).toBe('');
		expect(brevo.count('POST', '/contacts')).toBe(1);

		await refund(order);
		expect(await access.settle()).toBe('');
		expect(brevo.isOnList('ada@example.com')).toBe(false);
		expect(access.newest?.items('Update sheet')).toMatchObject([
			{ purchase: order, email: 'Ada@Example.com', access: 'taken' },
		]);
	});

	test('follows a membership through its life', async () => {
		const email = 'bea@example.com';
		const membership = await subscribe({ email });
		await access.settle();
		await happen(membership, 'fail-payment');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(3.1) });
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(false);

		await happen(membership, 'renew');
		await access.settle();
		expect(brevo.isOnList(email)).toBe(true);
		await happen(membership, 'end');
		await access.settle();
		expect(brevo.isOnList(email)).toBe(false);
	});

	test('is put right in the next night after Brevo refused', async () => {
		const email = 'cy@example.com';
		const error = {
			status: 400,
			body: { code: 'invalid_parameter', message: 'Not now' },
			times: 3,
		};
		brevo.failNext({ method: 'POST', path: '/contacts', ...error });
		const order = await buy({ email });
		expect(await access.settle()).toMatch(/Brevo did not add cy@example\.com to list 7 .* Not now/);
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(true);

		brevo.failNext({ method: 'PUT', path: '/contacts', ...error });
		await refund(order);
		expect(await access.settle()).toMatch(
			/Brevo did not remove cy@example\.com from list 7 .* Not now/,
		);
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(false);
	});

	test('lets go a buyer whom Brevo no longer knows', async () => {
		const email = 'dan@example.com';
		const order = await buy({ email });
		await access.settle();
		brevo.contacts.delete(email);
		await refund(order);
		expect(await access.settle()).toBe('');
		expect(await access.rows(order)).toMatchObject([{ access: 'taken' }]);
	});
});

describe('a Telegram group', () => {
	let telegram: Telegram;
	let mail: MailServer;
	let access: Access;
	let newest = 512090000;

	beforeAll(async () => {
		telegram = await Telegram.open();
		mail = await MailServer.open();
		const values = {
			telegramBot: telegram.botUrl,
			telegramChat: telegram.chat,
			acceptTestPurchases: true,
		};
		access = await Access.open('access-telegram', values, { smtp: mail.credential });
	});

	afterAll(async () => {
		await telegram?.close();
		await mail?.close();
	});

	const newBuyer = () => {
		newest += 1;
		const email = `member${newest}@example.com`;
		return { user: newest, email, buyer: { email, metadata: { telegram_id: String(newest) } } };
	};

	/** The links that were sent to somebody, oldest first. */
	const linksOf = (email: string) =>
		mail.mails
			.filter(({ to }) => to.includes(email))
			.map(({ body }) => /https:\/\/t\.me\/\S+/.exec(body)?.[0] ?? '');

	test('is opened to a buyer by one link, and closed with the refund', async () => {
		const { user, email, buyer } = newBuyer();
		const order = await buy(buyer);
		expect(await access.settle()).toBe('');
		await redeliver('order.completed');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(linksOf(email)).toHaveLength(1);
		expect(telegram.join(user, linksOf(email)[0])).toBe(true);

		await refund(order);
		expect(await access.settle()).toBe('');
		expect(telegram.members.has(user)).toBe(false);
		expect(await access.checkAtNight()).toBe('');
	});

	test('lets nobody in by a link whose purchase was refunded before', async () => {
		const { user, email, buyer } = newBuyer();
		const order = await buy(buyer);
		await access.settle();
		await refund(order);
		expect(await access.settle()).toBe('');
		expect(telegram.join(user, linksOf(email)[0])).toBe(false);
	});

	test('follows a membership through its life', async () => {
		const { user, email, buyer } = newBuyer();
		const membership = await subscribe(buyer);
		await access.settle();
		telegram.join(user, linksOf(email)[0]);
		await happen(membership, 'fail-payment');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(telegram.members.has(user)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(3.1) });
		expect(await access.checkAtNight()).toBe('');
		expect(telegram.members.has(user)).toBe(false);

		await happen(membership, 'renew');
		expect(await access.settle()).toBe('');
		expect(linksOf(email)).toHaveLength(2);
		expect(telegram.join(user, linksOf(email)[1])).toBe(true);
		await happen(membership, 'end');
		await access.settle();
		expect(telegram.members.has(user)).toBe(false);
	});

	test('is put right in the next night after Telegram or the mail server refused', async () => {
		const { user, email, buyer } = newBuyer();
		const description = 'Bad Request: not enough rights to manage chat invite link';
		const error = { status: 400, body: { ok: false, error_code: 400, description }, times: 3 };
		telegram.failNext({ method: 'POST', path: 'createChatInviteLink', ...error });
		const order = await buy(buyer);
		const told = await access.settle();
		expect(told).toMatch(new RegExp(`Telegram did not invite .* ${email}.* not enough rights`));
		expect(told).not.toContain(telegram.token);
		mail.refuses = true;
		expect(await access.checkAtNight()).toMatch(/did not invite .* No such mailbox/);
		mail.refuses = false;
		expect(await access.checkAtNight()).toBe('');
		expect(linksOf(email)).toHaveLength(1);
		telegram.join(user, linksOf(email)[0]);

		telegram.failNext({ method: 'POST', path: 'banChatMember', ...error });
		await refund(order);
		expect(await access.settle()).toMatch(/Telegram did not remove .* not enough rights/);
		expect(telegram.members.has(user)).toBe(true);
		expect(await access.checkAtNight()).toBe('');
		expect(telegram.members.has(user)).toBe(false);
	});

	test('waits for the account that a purchase does not name', async () => {
		const { user, email } = newBuyer();
		const order = await buy({ email });
		expect(await access.settle()).toMatch(
			new RegExp(`Order ${order} .* names no Telegram account`),
		);
		expect(linksOf(email)).toEqual([]);
		await access.edit(order, { account: String(user) });
		expect(await access.checkAtNight()).toBe('');
		expect(linksOf(email)).toHaveLength(1);
	});
});
