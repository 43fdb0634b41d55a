import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { runNode } from '../harness/engine/context';
import { byId } from './operations';
import { json, startFaultServer, withFaultServer } from './transport/faultServer';

const node = new Pocketsflow();
const orderId = '6a52'.repeat(6);

/** What an operation makes of an answer with the status 200. */
async function run(operation: string, answer: IDataObject, parameters: INodeParameters = {}) {
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
const validate = { code: ' SPRING20 ' };
const productId = { productId: byId('6a50'.repeat(6)) };
const subscriptionId = { subscriptionId: byId('sub_1') };

describe('an answer with the status 200 that says no', () => {
	it.each<[string, INodeParameters, IDataObject]>([
		['refund create', refund, { _id: 'r1', status: 'failed' }],
		['refund create', refund, { refund: { _id: 'r1', status: 'Failed' } }],
		['refund create', refund, { _id: 'r1', status: 'declined' }],
		['subscription refund', subscriptionId, { message: 'ok', refunded: false }],
		['subscription refund', subscriptionId, { refund: { status: 'failed' } }],
		['subscription cancel', subscriptionId, { canceled: false }],
		['discount validate', validate, { valid: false }],
		['discount validate', validate, { isValid: false }],
		['discount validate', validate, { isValid: 'false' }],
		['discount validate', validate, { discount: { code: 'SPRING20', active: 0 } }],
		['discount validate', validate, { data: { valid: false } }],
		['discount validate', validate, { _id: 'd1', code: 'SPRING20', active: false }],
		['discount validate', validate, { discount: { code: 'SPRING20', active: false } }],
		['product delete', productId, { deleted: false }],
		['product delete', productId, { deleted: 'False' }],
		['product delete', productId, { data: { deleted: false }, message: 'Has sales' }],
	])('is no success of %s %#', async (operation, parameters, answer) => {
		const { output, error, requests } = await run(operation, answer, parameters);
		expect(output).toBeUndefined();
		expect(error?.message).toMatch(/^Pocketsflow responded that /);
		expect(error?.description).toMatch(/^Check (the code|what happened)/);
		expect(requests).toBe(1);
	});
});

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
