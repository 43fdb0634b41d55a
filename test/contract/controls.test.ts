import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { call, get, getPath, type JsonObject, post, sandbox, setUpSandbox } from './helpers';

setUpSandbox();

describe('The controls of the sandbox', () => {
	test('the controls seed a shop, move and delete orders, and reset everything', async () => {
		const { body: seeded } = await post('/_sandbox/seed');
		expect((await get('/products')).rows).toHaveLength(3);
		expect((await get('/subscriptions')).rows).toHaveLength(1);
		expect((await get('/discounts')).rows).toHaveLength(2);
		expect((await get('/reviews')).rows).toHaveLength(2);
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalCount: 8 } });
		const [first, second] = seeded.orderIds as string[];
		await post(`/_sandbox/orders/${second}/backdate`, { createdAt: '2020-01-01T00:00:00Z' });
		const oldest = await get('/orders?endDate=2020-01-01');
		expect(oldest.body).toMatchObject({ orders: [{ _id: second }] });
		await call('DELETE', `/_sandbox/orders/${first}`);
		expect((await get(`/orders/${first}`)).status).toBe(404);
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalCount: 7 } });
		expect((await get('/_sandbox/requests')).rows).toHaveLength(sandbox.requests.length);
		await post('/_sandbox/reset');
		expect(sandbox.requests).toHaveLength(0);
		expect((await get('/products')).rows).toEqual([]);
	});

	test('the controls give refunds and memberships the statuses that only Pocketsflow sets', async () => {
		const { body: seeded } = await post('/_sandbox/seed');
		const [orderId] = seeded.orderIds as string[];
		const { body: refund } = await post('/refunds', { orderId });
		const createdAt = '2020-01-01T00:00:00.000Z';
		await post(`/_sandbox/refunds/${refund._id}/status`, { status: 'pending', createdAt });
		expect((await get(`/refunds/${refund._id}`)).body).toMatchObject({
			status: 'pending',
			createdAt,
		});
		const { body: list } = await post('/orders/subscriptions', {});
		const [{ _id }] = list.subscriptions as JsonObject[];
		await post(`/_sandbox/memberships/${_id}/status`, { status: 'incomplete' });
		expect((await get(`/orders/subscriptions/${_id}`)).body).toMatchObject({
			status: 'incomplete',
		});
	});

	test('the controls renew an API key, and keep the old one only if asked to', async () => {
		const isValid = async (key: string) =>
			(await fetch(`${sandbox.url}/products`, { headers: { authorization: `Bearer ${key}` } })).ok;
		const renew = async (body: object) => String((await post('/_sandbox/keys', body)).body.key);
		const second = await renew({ keepsOld: true });
		expect([await isValid(sandbox.testKey), await isValid(second)]).toEqual([true, true]);
		const third = await renew({});
		expect([await isValid(second), await isValid(third)]).toEqual([false, true]);
		const live = await renew({ mode: 'live' });
		expect(live).toMatch(/^pk_live_/);
		expect([await isValid(sandbox.liveKey), await isValid(live)]).toEqual([false, true]);
		await post('/_sandbox/reset');
		expect([await isValid(sandbox.testKey), await isValid(third)]).toEqual([true, false]);
	});

	test('the controls make purchases with numbered texts and a list of metadata', async () => {
		await post('/products', { name: 'Book', price: 1 });
		const { body } = await post('/_sandbox/purchases', {
			count: 3,
			firstNumber: 5,
			email: 'x{n}@example.com',
			metadata: [{ id: 'A-{n}' }, { id: 'B-{n}' }],
		});
		expect(body.orderIds).toHaveLength(3);
		const orders = (await get('/orders')).body.orders as JsonObject[];
		expect(orders.map(({ buyerEmail, metadata }) => [buyerEmail, getPath(metadata, 'id')])).toEqual(
			[
				['x7@example.com', 'A-7'],
				['x6@example.com', 'B-6'],
				['x5@example.com', 'A-5'],
			],
		);
	});
});

describe('The command npm run sandbox', () => {
	test('npm run sandbox prints address and keys, and stops on SIGTERM', async () => {
		const entry = join(__dirname, '..', '..', 'sandbox', 'start.ts');
		const command = spawn(process.execPath, ['--import', 'tsx', entry, '--port', '0', '--seed']);
		let printed = '';
		command.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
		while (!printed.includes('Ctrl-C to stop')) await once(command.stdout, 'data');
		const [, url] = /address\s+(\S+)/.exec(printed) ?? [];
		const [, key] = /live key\s+(\S+)/.exec(printed) ?? [];
		const response = await fetch(`${url}/users/me`, {
			headers: { authorization: `Bearer ${key}` },
		});
		expect(await response.json()).toMatchObject({ testMode: false, hasSales: true });
		command.kill('SIGTERM');
		const [code] = (await once(command, 'exit')) as [number | null];
		expect(code).toBe(0);
	});
});
