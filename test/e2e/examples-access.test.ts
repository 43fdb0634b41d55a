import type { SetUpValues } from '../../demo/examples';
import type { Execution, Workflow } from '../harness/n8n/client';
import { Brevo } from '../harness/services/brevo';
import { Discord } from '../harness/services/discord';
import { Telegram } from '../harness/services/telegram';
import { pollOften } from '../harness/n8n/workflows';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';
import {
	type ExampleOptions,
	readError,
	type RunningExample,
	withoutPolling,
} from './runningExample';

setUpShop();

/** One of the examples in n8n, and what its data table keeps of a purchase. */
class Access {
	/** The execution of the newest event. */
	newest: Execution | undefined;

	private constructor(
		private readonly example: RunningExample,
		private readonly table: string,
	) {}

	static async open(file: string, options: ExampleOptions): Promise<Access> {
		const values = { acceptTestPurchases: true, ...options.values };
		const change = options.change ?? withoutPolling;
		const example = await shop.openExample(file, { ...options, values, change });
		return new Access(example, file.replace('access-', 'pocketsflow_'));
	}

	setUp = (values: SetUpValues) => this.example.setUp(values);

	setDisabled = (node: string, disabled: boolean) => this.example.setDisabled(node, disabled);

	/** Waits until every delivery is worked on; returns what the newest says could not be done. */
	async settle(): Promise<string> {
		this.newest = await this.example.settle();
		return readError(this.newest);
	}

	/** Unpublishes it. */
	close = () => this.example.close();

	/** Runs the nightly check; returns what it says could not be done. */
	checkAtNight = async () => readError(await this.example.run('Every night'));

	rows = (purchase: string) => this.example.rows(this.table, { purchase });

	/** Whether the row of a purchase says that its buyer has access; an error with the row if not. */
	async isGiven(purchase: string): Promise<boolean> {
		const [row] = await this.rows(purchase);
		if (row?.access !== 'given') throw new Error(`${this.table}: ${JSON.stringify(row)}`);
		return true;
	}

	/** Changes the row of a purchase, as its owner can by hand. */
	edit = (purchase: string, data: Record<string, unknown>) =>
		this.example.edit(this.table, ['purchase', purchase], data);
}

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
		};
		const credentials = { discordBotApi: { botToken: discord.botToken } };
		access = await Access.open('access-discord', { values, credentials });
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

	test('a buyer gets the Discord role once, even if the event comes twice, and loses it after a refund', async () => {
		const member = join();
		const order = await shop.sell(buyerOf(member));
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(true);

		await shop.redeliver('order.completed');
		expect(await access.settle()).toBe('');
		expect(discord.count('PUT', member)).toBe(1);
		expect(await access.rows(order)).toMatchObject([
			{ account: member, access: 'given', eventId: `order.completed:${order}` },
		]);

		await shop.refund(order, 5);
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
		expect(await access.rows(order)).toMatchObject([{ access: 'taken', wanted: 'no' }]);
	});

	test('the Discord role follows a subscription through its life', async () => {
		const member = join();
		const membership = await shop.subscribe(buyerOf(member));
		await access.settle();
		await shop.happen(membership, 'renew');
		await access.settle();
		expect(discord.count('PUT', member)).toBe(1);

		await shop.happen(membership, 'fail-payment');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(2.9) });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(3.1) });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(false);

		await shop.happen(membership, 'renew');
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		expect(await access.rows(membership)).toMatchObject([{ access: 'given', overdueSince: '' }]);
		await shop.happen(membership, 'end');
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
	});

	test('an older event that arrives late does not give the Discord role back', async () => {
		const member = join();
		const membership = await shop.subscribe(buyerOf(member));
		await access.settle();
		const [created] = shop.environment.sandbox.deliveries.filter(
			({ event, body }) => event === 'customer.subscription.created' && body.includes(membership),
		);
		await shop.happen(membership, 'end');
		await access.settle();
		const [ended] = await access.rows(membership);

		const event = 'customer.subscription.updated';
		const headers = { 'X-Pocketsflow-Timestamp': String(Date.parse(created.queuedAt)) };
		await shop.control('/deliver', { event, body: created.body, headers, wait: true });
		expect(await access.settle()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
		expect(await access.rows(membership)).toMatchObject([
			{ access: 'taken', eventId: ended.eventId, sentAt: ended.sentAt },
		]);
	});

	test('the nightly run takes the Discord role if the event of the end was lost', async () => {
		const [one, other] = [join(), join()];
		const membership = await shop.subscribe(buyerOf(one));
		const order = await shop.sell(buyerOf(other));
		await access.settle();
		shop.environment.sandbox.setSwitches({ dropRate: 1 });
		await shop.happen(membership, 'end');
		await shop.refund(order);
		await access.settle();
		shop.environment.sandbox.setSwitches({ dropRate: 0 });
		expect([discord.hasRole(one), discord.hasRole(other)]).toEqual([true, true]);
		expect(await access.checkAtNight()).toBe('');
		expect([discord.hasRole(one), discord.hasRole(other)]).toEqual([false, false]);
	});

	test('a buyer with another purchase keeps the Discord role', async () => {
		const member = join();
		const order = await shop.sell(buyerOf(member));
		await access.settle();
		const membership = await shop.subscribe(buyerOf(member));
		await access.settle();
		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
		await shop.happen(membership, 'end');
		await access.settle();
		expect(discord.hasRole(member)).toBe(false);
	});

	test('the nightly run corrects a Discord role that two simultaneous events gave and took', async () => {
		const member = join();
		const membership = await shop.subscribe(buyerOf(member));
		await access.settle();
		await shop.happen(membership, 'end');
		await access.settle();
		// The older of the two came to Discord last.
		discord.members.get(member)?.add(discord.role);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
	});

	test('a test purchase gives no Discord role unless that is set up', async () => {
		const member = join();
		await access.setUp({ acceptTestPurchases: false });
		const order = await shop.sell(buyerOf(member));
		expect(await access.settle()).toMatch(new RegExp(`Order ${order} .* is a test purchase`));
		expect(discord.hasRole(member)).toBe(false);
		await access.setUp({ acceptTestPurchases: true });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});

	test('another product gives no Discord role', async () => {
		const member = join();
		await access.setUp({ products: `another-product, ${shop.offerId}` });
		const order = await shop.sell(buyerOf(member));
		const membership = await shop.subscribe(buyerOf(member));
		expect(await access.settle()).toBe('');
		await access.setUp({ products: '' });
		expect(await access.rows(order)).toEqual([]);
		expect(await access.rows(membership)).toMatchObject([{ access: 'given' }]);
	});

	test('a purchase without a Discord ID gives the role once the ID is entered', async () => {
		const member = join();
		const order = await shop.sell({});
		expect(await access.settle()).toMatch(new RegExp(`Order ${order} .* has no valid Discord ID`));
		expect(await access.checkAtNight()).toMatch(
			new RegExp(`Order ${order} .* has no valid Discord ID`),
		);
		await access.edit(order, { account: member });
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});

	test('a buyer who joins later gets the Discord role, and one who left counts as removed', async () => {
		const member = nextAccount();
		const order = await shop.sell(buyerOf(member));
		expect(await access.settle()).toMatch(/Discord did not give .* Unknown Member/);
		discord.join(member);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);

		discord.members.delete(member);
		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(await access.rows(order)).toMatchObject([{ access: 'taken' }]);
	});

	test('a Discord role that Discord refuses to give or take is reported, and the nightly run tries again', async () => {
		const member = join();
		const forbidden = { status: 403, body: { message: 'Missing Permissions', code: 50013 } };
		discord.failNext({ method: 'PUT', path: member, times: 3, ...forbidden });
		const order = await shop.sell(buyerOf(member));
		expect(await access.settle()).toMatch(/Discord did not give .* Missing Permissions/);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);

		const broken = { status: 502, body: { message: '502: Bad Gateway', code: 0 } };
		discord.failNext({ method: 'DELETE', path: member, times: 3, ...broken });
		await shop.refund(order);
		expect(await access.settle()).toMatch(/Discord did not take /);
		expect(await access.rows(order)).toMatchObject([{ access: 'given', wanted: 'no' }]);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(false);
		expect(await access.rows(order)).toMatchObject([{ access: 'taken', problem: '' }]);
	});

	test('a Discord role is not recorded as given by a deactivated node, and is given later', async () => {
		const member = join();
		await access.setDisabled('Give role', true);
		const order = await shop.sell(buyerOf(member));
		expect(await access.settle()).toMatch(/Discord did not give .*: no response/);
		const [{ access: recorded }] = await access.rows(order);
		expect(recorded).not.toBe('given');
		await access.setDisabled('Give role', false);
		expect(await access.checkAtNight()).toBe('');
		expect(discord.hasRole(member)).toBe(true);
	});

	test('the nightly run gives the Discord role if the order could not be read before', async () => {
		const member = join();
		const { sandbox } = shop.environment;
		sandbox.setSwitches({ faults: [{ path: '/orders/*', kind: 'answer', status: 404, count: 9 }] });
		const order = await shop.sell(buyerOf(member));
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
		nodes: withoutPolling(workflow).nodes.map((node) => {
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
		const values = { brevoList: brevo.list, brevoApi: brevo.url };
		const credentials = { sendInBlueApi: { apiKey: brevo.apiKey } };
		access = await Access.open('access-list', { values, credentials, change: replaceSheet });
	});

	afterAll(() => brevo?.close());

	test('a buyer is added to the list once and removed after a refund', async () => {
		const order = await shop.sell({ email: 'Ada@Example.com' });
		expect(await access.settle()).toBe('');
		expect(brevo.isOnList('ada@example.com')).toBe(true);
		await shop.redeliver('order.completed');
		expect(await access.settle()).toBe('');
		expect(brevo.count('POST', '/contacts')).toBe(1);

		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(brevo.isOnList('ada@example.com')).toBe(false);
		expect(access.newest?.items('Update sheet')).toMatchObject([
			{ purchase: order, email: 'Ada@Example.com', access: 'taken' },
		]);
	});

	test('the list follows a subscription through its life', async () => {
		const email = 'bea@example.com';
		const membership = await shop.subscribe({ email });
		await access.settle();
		await shop.happen(membership, 'fail-payment');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(3.1) });
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(false);

		await shop.happen(membership, 'renew');
		await access.settle();
		expect(brevo.isOnList(email)).toBe(true);
		await shop.happen(membership, 'end');
		await access.settle();
		expect(brevo.isOnList(email)).toBe(false);
	});

	test('the nightly run corrects the list after Brevo refused a change', async () => {
		const email = 'cy@example.com';
		const error = {
			status: 400,
			body: { code: 'invalid_parameter', message: 'Not now' },
			times: 3,
		};
		brevo.failNext({ method: 'POST', path: '/contacts', ...error });
		const order = await shop.sell({ email });
		expect(await access.settle()).toMatch(/Brevo did not add cy@example\.com to list 7 .* Not now/);
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(true);

		brevo.failNext({ method: 'PUT', path: '/contacts', ...error });
		await shop.refund(order);
		expect(await access.settle()).toMatch(
			/Brevo did not remove cy@example\.com from list 7 .* Not now/,
		);
		expect(await access.checkAtNight()).toBe('');
		expect(brevo.isOnList(email)).toBe(false);
	});

	test('a buyer whom Brevo no longer knows counts as removed from the list', async () => {
		const email = 'dan@example.com';
		const order = await shop.sell({ email });
		await access.settle();
		brevo.contacts.delete(email);
		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(await access.rows(order)).toMatchObject([{ access: 'taken' }]);
	});
});

describe('a Telegram group', () => {
	let telegram: Telegram;
	let access: Access;
	let newest = 512090000;

	beforeAll(async () => {
		telegram = await Telegram.open();
		const values = { telegramBot: telegram.botUrl, telegramChat: telegram.chat };
		access = await Access.open('access-telegram', { values });
	});

	afterAll(() => telegram?.close());

	const newBuyer = () => {
		newest += 1;
		const email = `member${newest}@example.com`;
		return { user: newest, email, buyer: { email, metadata: { telegram_id: String(newest) } } };
	};

	/** The links that were sent to somebody, oldest first. */
	const linksOf = (email: string) =>
		shop.mailsTo(email).map(({ body }) => /https:\/\/t\.me\/\S+/.exec(body)?.[0] ?? '');

	test('a buyer gets one link to the Telegram group and is removed after a refund', async () => {
		const { user, email, buyer } = newBuyer();
		const order = await shop.sell(buyer);
		expect(await access.settle()).toBe('');
		await shop.redeliver('order.completed');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(linksOf(email)).toHaveLength(1);
		expect(telegram.join(user, linksOf(email)[0])).toBe(true);

		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(telegram.members.has(user)).toBe(false);
		expect(await access.checkAtNight()).toBe('');
	});

	test('a new subscription gets one link to the Telegram group if two of its events arrive together', async () => {
		const { email, buyer } = newBuyer();
		shop.loseDeliveries();
		const membership = await shop.subscribe(buyer);
		await shop.environment.sandbox.waitForDeliveries();
		shop.recover();
		const { deliveries } = shop.environment.sandbox;
		const body = deliveries.findLast(
			({ event }) => event === 'customer.subscription.created',
		)?.body;
		const created = 'customer.subscription.created';
		await Promise.all(
			[created, 'customer.subscription.updated'].map((event) =>
				shop.control('/deliver', { event, body, wait: true }),
			),
		);
		expect(await access.settle()).toBe('');
		expect(await access.rows(membership)).toMatchObject([{ access: 'given' }]);
		expect(linksOf(email)).toHaveLength(1);
	});

	test('a link to the Telegram group is revoked if its purchase is refunded', async () => {
		const { user, email, buyer } = newBuyer();
		const order = await shop.sell(buyer);
		await access.settle();
		await shop.refund(order);
		expect(await access.settle()).toBe('');
		expect(telegram.join(user, linksOf(email)[0])).toBe(false);
	});

	test('the Telegram group follows a subscription through its life', async () => {
		const { user, email, buyer } = newBuyer();
		const membership = await shop.subscribe(buyer);
		await access.settle();
		telegram.join(user, linksOf(email)[0]);
		await shop.happen(membership, 'fail-payment');
		expect(await access.settle()).toBe('');
		expect(await access.checkAtNight()).toBe('');
		expect(telegram.members.has(user)).toBe(true);
		await access.edit(membership, { overdueSince: daysAgo(3.1) });
		expect(await access.checkAtNight()).toBe('');
		expect(telegram.members.has(user)).toBe(false);

		await shop.happen(membership, 'renew');
		expect(await access.settle()).toBe('');
		expect(linksOf(email)).toHaveLength(2);
		expect(telegram.join(user, linksOf(email)[1])).toBe(true);
		await shop.happen(membership, 'end');
		await access.settle();
		expect(telegram.members.has(user)).toBe(false);
	});

	test('the nightly run corrects the Telegram group after Telegram or the email server refused', async () => {
		const { user, email, buyer } = newBuyer();
		const description = 'Bad Request: not enough rights to manage chat invite link';
		const error = { status: 400, body: { ok: false, error_code: 400, description }, times: 3 };
		telegram.failNext({ method: 'POST', path: 'createChatInviteLink', ...error });
		const order = await shop.sell(buyer);
		const told = await access.settle();
		expect(told).toMatch(new RegExp(`Telegram did not invite .* ${email}.* not enough rights`));
		expect(told).not.toContain(telegram.token);
		shop.mailServer.refuses = true;
		expect(await access.checkAtNight()).toMatch(/did not invite .* No such mailbox/);
		shop.mailServer.refuses = false;
		expect(await access.checkAtNight()).toBe('');
		expect(linksOf(email)).toHaveLength(1);
		telegram.join(user, linksOf(email)[0]);

		telegram.failNext({ method: 'POST', path: 'banChatMember', ...error });
		await shop.refund(order);
		expect(await access.settle()).toMatch(/Telegram did not remove .* not enough rights/);
		expect(telegram.members.has(user)).toBe(true);
		expect(await access.checkAtNight()).toBe('');
		expect(telegram.members.has(user)).toBe(false);
	});

	test('a purchase without a Telegram ID sends the link once the ID is entered', async () => {
		const { user, email } = newBuyer();
		const order = await shop.sell({ email });
		expect(await access.settle()).toMatch(new RegExp(`Order ${order} .* has no valid Telegram ID`));
		expect(linksOf(email)).toEqual([]);
		await access.edit(order, { account: String(user) });
		expect(await access.checkAtNight()).toBe('');
		expect(linksOf(email)).toHaveLength(1);
	});
});

test('purchases whose events were lost give access everywhere, two in one poll', async () => {
	const [discord, brevo, telegram] = [
		await Discord.open(),
		await Brevo.open(),
		await Telegram.open(),
	];
	const change = pollOften;
	const opened = [
		await Access.open('access-discord', {
			values: {
				discordServer: discord.server,
				discordRole: discord.role,
				discordApi: discord.url,
			},
			credentials: { discordBotApi: { botToken: discord.botToken } },
			change,
		}),
		await Access.open('access-list', {
			values: { brevoList: brevo.list, brevoApi: brevo.url },
			credentials: { sendInBlueApi: { apiKey: brevo.apiKey } },
			change,
		}),
		await Access.open('access-telegram', {
			values: { telegramBot: telegram.botUrl, telegramChat: telegram.chat },
			change,
		}),
	];
	shop.loseDeliveries();
	const buyers = [1, 2].map((number) => ({
		email: `lost-${number}@example.com`,
		metadata: { discord_id: `28410239021894999${number}`, telegram_id: `61209000${number}` },
	}));
	for (const { metadata } of buyers) discord.join(metadata.discord_id);
	const orders = [await shop.sell(buyers[0]), await shop.sell(buyers[1])];
	const membership = await shop.subscribe({ email: 'lost-3@example.com' });
	const [onServer, onList, inGroup] = opened;
	const waitFor = (what: string, isSo: () => Promise<boolean>) =>
		until(what, isSo, { withinMs: 120_000 });
	for (const access of opened)
		for (const order of orders) await waitFor('access', () => access.isGiven(order));
	for (const { email, metadata } of buyers) {
		expect(discord.hasRole(metadata.discord_id)).toBe(true);
		expect(brevo.isOnList(email)).toBe(true);
		expect(shop.mailsTo(email)).toHaveLength(1);
	}
	// A polled subscription has no metadata: it is reported, and the owner enters the account.
	await waitFor('access', () => onList.isGiven(membership));
	for (const access of [onServer, inGroup])
		await waitFor('the report', async () => {
			const [row] = await access.rows(membership);
			return /has no valid .* ID/.test(String(row?.problem));
		});
	for (const access of opened) await access.close();
	for (const service of [discord, brevo, telegram]) await service.close();
}, 300_000);
