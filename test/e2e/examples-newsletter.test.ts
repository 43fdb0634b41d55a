import { Brevo } from '../harness/services/brevo';
import { setUpShop, shop } from './exampleShop';
import { readError, type RunningExample } from './runningExample';

const table = 'pocketsflow_newsletter';

let brevo: Brevo;
let example: RunningExample;

setUpShop();

beforeAll(async () => {
	brevo = await Brevo.open();
	example = await shop.openExample('newsletter', {
		values: { brevoApi: brevo.url, brevoList: brevo.list },
		credentials: { sendInBlueApi: { apiKey: brevo.apiKey } },
	});
});

afterAll(() => brevo?.close());

const settle = async () => readError(await example.settle());
const sell = async (email: string, newsletter?: string) => {
	const metadata = { order_id: 'A-1', ...(newsletter && { newsletter }) };
	await shop.sell({ email, metadata });
	return await settle();
};
const mailsTo = (email: string) => shop.mailsTo(email);
const tokenIn = (email: string) =>
	/webhook\/newsletter\?token=(\S+)/.exec(mailsTo(email)[0].body)?.[1] ?? '';
const confirm = async (token: string) => {
	expect((await example.ask('Confirm', { token })).status).toBe(200);
	return await settle();
};

test('a buyer who agreed is put on the list by the link in one email, and not before', async () => {
	const email = 'agreed@example.com';
	expect(await sell(email, 'yes')).toBe('');
	await shop.redeliver('order.completed');
	expect(await settle()).toBe('');
	expect(mailsTo(email)).toHaveLength(1);
	expect(brevo.isOnList(email)).toBe(false);
	expect(await confirm(tokenIn(email))).toBe('');
	expect(await confirm(tokenIn(email))).toBe('');
	expect(brevo.isOnList(email)).toBe(true);
	expect(brevo.count('POST', '/contacts')).toBe(1);
	const [row] = await example.rows(table, { email });
	expect(row).toMatchObject({
		state: 'confirmed',
		eventId: expect.stringContaining('order.completed:') as string,
		confirmedAt: expect.stringContaining('T') as string,
	});
});

test.each([['no'], [''], ['maybe']])(
	'a buyer whose box says "%s" gets no email and no row',
	async (newsletter) => {
		const email = `box-${newsletter}@example.com`;
		expect(await sell(email, newsletter)).toBe('');
		expect(mailsTo(email)).toHaveLength(0);
		expect(await example.rows(table, { email })).toEqual([]);
	},
);

test('an address is asked once, however often it buys', async () => {
	const email = 'often@example.com';
	await sell(email, 'yes');
	await sell('Often@example.com', 'yes');
	expect(mailsTo(email)).toHaveLength(1);
});

test('a link that was made up puts nobody on the list', async () => {
	const before = brevo.requests.length;
	for (const token of ['made-up', '']) expect(await confirm(token)).toBe('');
	expect(brevo.requests).toHaveLength(before);
});

test('the execution fails if the list does not answer, and the link works again', async () => {
	const email = 'down@example.com';
	await sell(email, 'yes');
	const down = { method: 'POST', path: '/contacts', status: 503, body: {} };
	brevo.failNext({ ...down, times: 3 });
	expect(await confirm(tokenIn(email))).not.toBe('');
	expect(await example.rows(table, { email })).toMatchObject([{ state: 'asked' }]);
	expect(await confirm(tokenIn(email))).toBe('');
	expect(brevo.isOnList(email)).toBe(true);
});

test('a buyer whose email was refused is asked by the next purchase', async () => {
	const email = 'refused@example.com';
	shop.mailServer.refuses = true;
	expect(await sell(email, 'yes')).not.toBe('');
	expect(await example.rows(table, { email })).toMatchObject([{ state: 'to ask' }]);
	shop.mailServer.refuses = false;
	expect(await sell(email, 'yes')).toBe('');
	expect(mailsTo(email)).toHaveLength(1);
	expect(await example.rows(table, { email })).toMatchObject([{ state: 'asked' }]);
});
