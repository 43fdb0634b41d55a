import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { runNode } from '../harness/engine/context';
import { byId } from './operations';
import { json, startFaultServer, withFaultServer } from './transport/faultServer';

const node = new Pocketsflow();
const orderId = '6a52'.repeat(6);

/** What an operation makes of an answer with the status 200. */
async function run(operation: string, answer: unknown, parameters: INodeParameters = {}) {
	const [resource, name] = operation.split(' ');
	const server = await startFaultServer([json(200, answer)]);
	try {
		const { output, error } = await runNode({
			node,
			credential: { apiKey: `pk_test_outcome_${Math.random()}`, baseUrl: server.url },
			parameters: { resource, operation: name, ...parameters },
		});
		return { output: output[0]?.json, error, requests: server.received.length };
	} finally {
		await server.close();
	}
}

const refund = { orderId: byId(orderId) };
const newProduct = { name: 'Ebook', price: 5 };
const productId = { productId: byId('6a50'.repeat(6)) };
const checkout = {
	...productId,
	successUrl: 'https://example.com/thanks',
	cancelUrl: 'https://example.com/cart',
};
const validate = { code: ' SPRING20 ' };
const subscriptionId = { subscriptionId: byId('sub_1') };

describe('an answer with the status 200 that says no', () => {
	it.each<[string, INodeParameters, unknown]>([
		['refund create', refund, { _id: 'r1', status: 'failed' }],
		['refund create', refund, { refund: { _id: 'r1', status: 'Failed' } }],
		['refund create', refund, { _id: 'r1', status: 'declined' }],
		...['error', 'canceled', 'cancelled', 'Voided', 'payment_failed'].map(
			(status): [string, INodeParameters, IDataObject] => [
				'refund create',
				refund,
				{ _id: 'r1', status },
			],
		),
		['refund create', refund, { _id: 'r1', state: 'failed' }],
		['refund create', refund, { refund: { _id: 'r1', error: 'Insufficient balance' } }],
		['product create', newProduct, { _id: 'p1', status: 'error' }],
		['product create', newProduct, { product: { _id: 'p1', success: 'false' } }],
		['subscription refund', subscriptionId, { message: 'ok', refunded: false }],
		['subscription refund', subscriptionId, { refund: { status: 'failed' } }],
		['subscription cancel', subscriptionId, { canceled: false }],
		['discount validate', validate, { valid: false }],
		['discount validate', validate, { isValid: false }],
		['discount validate', validate, { isValid: 'false' }],
		['discount validate', validate, { discount: { code: 'SPRING20', active: 0 } }],
		['discount validate', validate, { applicable: false }],
		['discount validate', validate, { data: { valid: false } }],
		['discount validate', validate, { _id: 'd1', code: 'SPRING20', active: false }],
		['discount validate', validate, { discount: { code: 'SPRING20', active: false } }],
		['discount validate', validate, { valid: true, expiration: '2020-01-01T00:00:00Z' }],
		['discount validate', validate, { valid: true, expired: true }],
		['discount validate', validate, { _id: 'd1', status: 'inactive' }],
		['discount validate', validate, { valid: 'false' }],
		['discount validate', validate, false],
		['product delete', productId, { deleted: false }],
		['product delete', productId, { deleted: 'False' }],
		['product delete', productId, { acknowledged: true, deletedCount: 0 }],
		['product delete', productId, { deleted: 0 }],
		['product delete', productId, { code: 404, message: 'No such product' }],
		['product delete', productId, false],
		['product delete', productId, { data: { deleted: false }, message: 'Has sales' }],
	])('is no success of %s %#', async (operation, parameters, answer) => {
		const { output, error, requests } = await run(operation, answer, parameters);
		expect(output).toBeUndefined();
		expect(error?.message).toMatch(/^Pocketsflow responded that /);
		expect(error?.description).toMatch(/^Check (the code|what happened)/);
		expect(requests).toBe(1);
	});
});

const url = 'https://example.com/pay';
describe("an answer with an ID and Pocketsflow's own words for a failure", () => {
	it.each<[string, INodeParameters, IDataObject]>([
		['refund create', refund, { _id: 'r1', ok: false, message: 'No money' }],
		['refund create', refund, { _id: 'r1', error: 'No money' }],
		['refund create', refund, { _id: 'r1', errors: [{ message: 'No money' }] }],
		['refund create', refund, { _id: 'r1', success: 'false', message: 'No money' }],
		['refund create', refund, { _id: 'r1', failed: true, reason: 'No money' }],
		['subscription cancel', subscriptionId, { _id: 'm1', error: 'No money' }],
		['product create', newProduct, { _id: 'p1', success: false, message: 'No money' }],
		['checkoutSession create', checkout, { id: 'cs_1', url, error: 'No money' }],
	])('is an unknown outcome of %s, never a success %#', async (operation, parameters, answer) => {
		const { output, error, requests } = await run(operation, answer, parameters);
		expect(output).toBeUndefined();
		expect(error?.message).toMatch(/^No money\. The outcome is unknown/);
		expect(error?.context?.outcome).toBe('unknown');
		expect(requests).toBe(1);
	});
});

const tomorrow = new Date(Date.now() + 86_400_000).toISOString();

describe('an answer that says nothing else', () => {
	it.each<[string, INodeParameters, IDataObject, IDataObject]>([
		['refund create', refund, { _id: 'r1', status: 'pending' }, { _id: 'r1', status: 'pending' }],
		['subscription cancel', subscriptionId, { message: 'Done' }, { message: 'Done' }],
		[
			'subscription cancel',
			subscriptionId,
			{ message: 'Done', subscription: { status: 'canceled', active: false } },
			{ message: 'Done' },
		],
		['discount validate', validate, {}, { code: 'SPRING20', valid: true }],
		['discount validate', validate, { valid: true, value: 20 }, { valid: true, value: 20 }],
		['product delete', productId, { message: 'Deleted' }, { deleted: true }],
		['product delete', productId, { deletedCount: 1, n: 1, ok: 1 }, { deleted: true }],
		['order get', { orderId: byId('o1') }, { _id: 'o1', status: 'failed' }, { _id: 'o1' }],
		[
			'refund create',
			refund,
			{ _id: 'r1', error: null, errors: [], success: true },
			{ _id: 'r1', error: null },
		],
		['refund create', refund, { _id: 'r1', error: [] }, { _id: 'r1' }],
		['refund create', refund, { _id: 'r1', error: '' }, { _id: 'r1' }],
		['subscription cancel', subscriptionId, { _id: 'm1', status: 'canceled' }, { _id: 'm1' }],
		['discount validate', validate, { expiration: tomorrow }, { expiration: tomorrow }],
	])('is a success of %s %#', async (operation, parameters, answer, wanted) => {
		const { output, error } = await run(operation, answer, parameters);
		expect(error).toBeUndefined();
		expect(output).toMatchObject(wanted);
	});
});

test('an unknown discount code is answered with the advice to check the code', async () => {
	await withFaultServer(json(404, { error: 'Discount not found' }), async ({ url }) => {
		const { error } = await runNode({
			node,
			credential: { apiKey: 'pk_test_unknown_code', baseUrl: url },
			parameters: { resource: 'discount', operation: 'validate', ...validate },
		});
		expect(error?.message).toBe('Discount not found.');
		expect(error?.description).toMatch(/^Check the code\. The discount must be active/);
	});
});

describe('Get', () => {
	it('refuses another order than the requested one', async () => {
		const { output, error } = await run('order get', { _id: 'o2' }, { orderId: byId('o1') });
		expect(output).toBeUndefined();
		expect(error?.message).toMatch(/^Pocketsflow did not return the requested data/);
	});

	it.each<[string, INodeParameters, IDataObject]>([
		['order get', { orderId: byId('o1') }, { _id: 'O1' }],
		['order get', { orderId: byId('7') }, { sale: { _id: 7 } }],
		['product get', { productId: byId('icon-pack') }, { _id: 'p1', slug: 'icon-pack' }],
		['subscription get', subscriptionId, { _id: 'm1', stripeSubscriptionId: 'sub_1' }],
		[
			'customer get',
			{ customerId: byId('ana@example.org') },
			{ _id: 'c1', customer: { email: 'ana@example.org' } },
		],
	])(
		'accepts a record that has the requested value: %s %#',
		async (operation, parameters, answer) => {
			const { output, error } = await run(operation, answer, parameters);
			expect(error).toBeUndefined();
			expect(output).toBeDefined();
		},
	);
});

describe('the secret of a webhook', () => {
	const answer = {
		_id: 'w1',
		url: 'https://example.com',
		hasSecret: true,
		signingSecret: 'whsec_one',
		signing_secret: 'two',
		token: 'three',
		signing: { secret: 'four', keys: [{ secretKey: 'five' }] },
		description: 'With whsec_six, of course',
		other: ['whsec_seven'],
	};
	const webhook = { webhookEndpointId: byId('w1') };

	it.each<[string, INodeParameters, unknown]>([
		['webhook get', webhook, answer],
		['webhook getAll', {}, { webhooks: [answer] }],
		['webhook update', { ...webhook, updateFields: { active: true } }, { webhook: answer }],
		['webhook test', webhook, answer],
	])('is not in the output of %s under any name', async (operation, parameters, from) => {
		const { output, error } = await run(operation, from, parameters);
		expect(error).toBeUndefined();
		expect(output).toMatchObject({
			url: 'https://example.com',
			hasSecret: true,
			description: 'With [signing secret], of course',
			other: ['[signing secret]'],
		});
		expect(JSON.stringify(output)).not.toMatch(/one|two|three|four|five|six|seven/);
	});

	it('is in the output of Create, which is the only place to get it', async () => {
		const parameters = { url: 'https://example.com', events: ['order.completed'] };
		const { output } = await run('webhook create', { _id: 'w1', secret: 'whsec_one' }, parameters);
		expect(output?.secret).toBe('whsec_one');
	});
});

it.each(['product get', 'account get'])(
	'a record that repeats the API key comes out without it: %s',
	async (operation) => {
		const apiKey = 'pk_test_repeated_0123456789abcdef';
		const record = { _id: 'p1', apiKey, nested: [`Bearer ${apiKey}`], email: 'a@example.org' };
		await withFaultServer(json(200, record), async ({ url }) => {
			const [resource, name] = operation.split(' ');
			const { output } = await runNode({
				node,
				credential: { apiKey, baseUrl: url },
				parameters: { resource, operation: name, simplify: false, productId: byId('p1') },
			});
			expect(output[0].json).toEqual({
				...record,
				apiKey: '[API key]',
				nested: ['Bearer [API key]'],
			});
		});
	},
);

describe('the expiration of a new discount', () => {
	const discount = {
		name: 'Spring',
		code: 'SPRING20',
		valueType: 'percentage',
		value: 20,
		mainProductIds: ['p1'],
	};

	it.each(['2020-01-01', '={{ 100000000 }}'])('is refused in the past: %s', async (expiration) => {
		const parameters = { ...discount, additionalFields: { expiration } };
		const { error, requests } = await run('discount create', { _id: 'd1' }, parameters);
		expect(error?.message).toBe("'Expiration' is in the past");
		expect(requests).toBe(0);
	});

	it.each([new Date().toISOString().slice(0, 10), tomorrow])(
		'may be the current day or later: %s',
		async (expiration) => {
			const parameters = { ...discount, additionalFields: { expiration } };
			expect((await run('discount create', { _id: 'd1' }, parameters)).error).toBeUndefined();
		},
	);

	it('may be in the past in an update, which ends the discount', async () => {
		const parameters = { discountId: byId('d1'), updateFields: { expiration: '2020-01-01' } };
		expect((await run('discount update', { _id: 'd1' }, parameters)).error).toBeUndefined();
	});
});
