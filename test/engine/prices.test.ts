import type { INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import { runNode } from '../harness/engine/context';
import { fillParameters, listMarked } from './editorNode';
import { byId } from './operations';
import { openSandbox } from './stockedSandbox';

const { description } = new Pocketsflow();

let sandbox: Sandbox;

beforeAll(async () => (sandbox = await openSandbox()));
afterAll(async () => await sandbox.close());

const product = byId('6a50'.repeat(6));

describe.each<[string, string, string, INodeParameters]>([
	['product', 'create', 'price', { name: 'x' }],
	['productVariant', 'create', 'price', { name: 'x', productId: product }],
	['subscriptionOffer', 'create', 'price', { name: 'x' }],
	['upsell', 'create', 'upsellPrice', { mainProductIds: ['a'], upsellProductId: product }],
	['discount', 'create', 'value', { name: 'x', code: 'X', mainProductIds: ['a'] }],
	['refund', 'create', 'amount', { orderId: product, refundExtent: 'partial' }],
])('a forgotten number: %s %s', (resource, operation, name, set) => {
	it('is blank, and marked as missing', () => {
		const parameters = { resource, operation, ...set };
		expect(fillParameters(parameters)[name]).toBe('');
		expect(listMarked(parameters)).toEqual([name]);
	});

	it('keeps n8n from running the node, and nothing is sent', async () => {
		const before = sandbox.requests.length;
		const credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
		const run = runNode({
			node: new Pocketsflow(),
			credential,
			parameters: { resource, operation, ...set },
		});
		await expect(run).rejects.toThrow(/has issues/);
		expect(sandbox.requests).toHaveLength(before);
	});

	it('is no longer missing once it was entered', () => {
		expect(listMarked({ resource, operation, ...set, [name]: '9.50' })).toEqual([]);
	});
});

test.each([
	['product', { name: 'x' }],
	['productVariant', { name: 'x', productId: product }],
	['subscriptionOffer', { name: 'x' }],
	['upsell', { mainProductIds: ['a'], upsellProductId: product }],
])('being free is a choice, which hides the price: %s', (resource, set: INodeParameters) => {
	const parameters = { resource, operation: 'create', ...set, pricing: 'free' };
	const names = Object.keys(fillParameters(parameters));
	expect(names.filter((name) => /price$/i.test(name))).toEqual([]);
	expect(listMarked(parameters)).toEqual([]);
});

test('no amount of money anywhere in the node has a default', () => {
	const all = description.properties.flatMap((property) => [
		property,
		...(property.options ?? []).filter((option) => 'type' in option),
	]);
	const amounts = all.filter(({ name }) => /price$|^amount$|^value$/i.test(name));
	expect(amounts.length).toBeGreaterThan(8);
	expect(amounts.filter((property) => property.default !== '')).toEqual([]);
});
