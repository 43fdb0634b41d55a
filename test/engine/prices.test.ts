import { NodeHelpers, type INode, type INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import { runNode } from '../harness/engine/context';
import { byId } from './operations';
import { openSandbox } from './stockedSandbox';

const { description } = new Pocketsflow();

let sandbox: Sandbox;

beforeAll(async () => (sandbox = await openSandbox()));
afterAll(async () => await sandbox.close());

/** A node as the editor leaves it: what was not set has its default. */
function createNode(resource: string, operation: string, set: INodeParameters): INode {
	const node: INode = {
		id: '1',
		name: 'Pocketsflow',
		type: 'test.pocketsflow',
		typeVersion: 1,
		position: [0, 0],
		parameters: { resource, operation, ...set },
	};
	const parameters = NodeHelpers.getNodeParameters(
		description.properties,
		node.parameters,
		true,
		false,
		node,
		description,
	);
	return { ...node, parameters: parameters ?? {} };
}

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
		const node = createNode(resource, operation, set);
		expect(node.parameters[name]).toBe('');
		const issues = NodeHelpers.getNodeParametersIssues(description.properties, node, description);
		expect(Object.keys(issues?.parameters ?? {})).toEqual([name]);
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
		const node = createNode(resource, operation, { ...set, [name]: '9.50' });
		expect(
			NodeHelpers.getNodeParametersIssues(description.properties, node, description),
		).toBeNull();
	});
});

test.each([
	['product', { name: 'x' }],
	['productVariant', { name: 'x', productId: product }],
	['subscriptionOffer', { name: 'x' }],
	['upsell', { mainProductIds: ['a'], upsellProductId: product }],
])('being free is a choice, which hides the price: %s', (resource, set: INodeParameters) => {
	const node = createNode(resource, 'create', { ...set, pricing: 'free' });
	expect(Object.keys(node.parameters).filter((name) => /price$/i.test(name))).toEqual([]);
	expect(NodeHelpers.getNodeParametersIssues(description.properties, node, description)).toBeNull();
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
