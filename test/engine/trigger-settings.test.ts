import type { IDataObject } from 'n8n-workflow';

import { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { readPollingSettings } from '../../nodes/Pocketsflow/polling/settings';
import { checkExists, prepare } from '../../nodes/Pocketsflow/webhook/hooks';
import { readEventNames } from '../../nodes/Pocketsflow/webhook/settings';
import type { Sandbox } from '../../sandbox/sandbox';
import {
	createHookContext,
	createLoadOptionsContext,
	createPollContext,
} from '../harness/engine/context';
import { orderCompleted } from '../harness/payloads';
import { deliver, newTrigger, signDelivery } from './deliver';
import { collectLog } from './logLines';
import { catchError } from './registrationStage';
import { openSandbox } from './stockedSandbox';

const productId = '6a5000000000000000000aaa';
const nothing = '={{ undefined }}';
const failing = "={{ $('Nowhere').first().json.id }}";

const deliverOrder = async (options: IDataObject, more: IDataObject = {}) => {
	const setup = newTrigger({ ...more, options });
	const { status, items } = await deliver(setup, signDelivery('order.completed', orderCompleted));
	return [status, items.length];
};

describe('the events of the webhook trigger', () => {
	it.each<[unknown, string[]]>([
		['={{ "order.completed" }}', ['order.completed']],
		['order.completed', ['order.completed']],
		['={{ "order.refunded, order.completed" }}', ['order.completed', 'order.refunded']],
		['={{ ["order.refunded", "order.completed"] }}', ['order.completed', 'order.refunded']],
		['={{ \'["order.completed"]\' }}', ['order.completed']],
		['={{ \'"order.completed"\' }}', ['order.completed']],
		[['customer.subscription.paused'], ['customer.subscription.pause']],
	])('are read from %j', (events, expected) => {
		const setup = newTrigger({ events: events as string[] });
		expect(readEventNames(createHookContext(setup))).toEqual(expected);
	});

	it.each<[IDataObject]>([
		[{ customEvents: 'order.disputed\norder.lost' }],
		[{ customEvents: 'order.disputed, order.lost' }],
		[{ customEvents: '={{ ["order.disputed", "order.lost"] }}' }],
	])('have those of the options %j added', (options) => {
		const setup = newTrigger({ events: [], options });
		expect(readEventNames(createHookContext(setup))).toEqual(['order.disputed', 'order.lost']);
	});
});

describe('an activation', () => {
	it.each<[string, IDataObject, string]>([
		['events of which there are none', { events: nothing }, 'Or choose from the list'],
		['an object as events', { events: '={{ { a: 1 } }}' }, "'Trigger On' must be a list of names"],
		['an empty list by expression', { events: '={{ [] }}' }, "'Trigger On' has no value"],
		['failing events', { events: failing }, "Can't evaluate the expression in 'Trigger On'"],
		['simplify that is neither', { simplify: '={{ "yes" }}' }, "'Simplify' must be true or false"],
		[
			'no metadata value',
			{ options: { metadataKey: 'a', metadataValue: nothing } },
			"'Metadata Value'",
		],
		['a null as metadata key', { options: { metadataKey: '={{ null }}' } }, "'Metadata Key'"],
		['a blank metadata key', { options: { metadataKey: '={{ "" }}' } }, "'Metadata Key'"],
		['a list as metadata value', { options: { metadataValue: '={{ [1] }}' } }, "'Metadata Value'"],
		['no products', { options: { productIds: nothing } }, "'Product Names or IDs'"],
		[
			'an empty list of products',
			{ options: { productIds: '={{ [] }}' } },
			"'Product Names or IDs'",
		],
		[
			'a product without an ID',
			{ options: { productIds: '={{ [undefined] }}' } },
			"'Product Names or IDs'",
		],
		[
			'events by expression that are to have outputs of their own',
			{ events: '={{ ["order.completed"] }}', options: { separateOutputs: true } },
			"'Separate Outputs' needs events that are selected from the list",
		],
		[
			'separate outputs by expression',
			{ events: ['order.completed'], options: { separateOutputs: '={{ true }}' } },
			"'Separate Outputs' needs",
		],
		['failing products', { options: { productIds: failing } }, "'Product Names or IDs'"],
	])('is refused with a sentence for %s', async (_what, parameters, sentence) => {
		const context = createHookContext(newTrigger(parameters));
		const error = await catchError(checkExists(context, new TriggerMemory()));
		expect(error?.name).toBe('NodeOperationError');
		expect(error?.message).toContain(sentence);
		expect(error?.message).toMatch(/\. .+[.:!?']?/);
	});

	it('passes with options that were added and left empty', async () => {
		const options = { metadataKey: '', metadataValue: '', productIds: [], customEvents: '' };
		const setup = newTrigger({ events: ['order.completed'], options });
		await prepare(createHookContext(setup), new TriggerMemory());
	});

	it('is what the node itself does first', async () => {
		const setup = newTrigger({ events: nothing });
		const { checkExists } = new PocketsflowTrigger().webhookMethods.default;
		const error = await catchError(checkExists.call(createHookContext(setup)));
		expect(error?.message).toContain("'Trigger On'");
	});
});

it('separate outputs are refused with Always Output Data, which would also run the first one', async () => {
	const separate = { events: ['order.completed'], options: { separateOutputs: true } };
	const context = createHookContext(newTrigger(separate));
	jest.spyOn(context, 'getNode').mockReturnValue({ ...context.getNode(), alwaysOutputData: true });
	const error = await catchError(checkExists(context, new TriggerMemory()));
	expect(error?.message).toContain(
		"cannot be used with 'Always Output Data'. With this setting, n8n",
	);
});

describe('separate outputs', () => {
	const separate = {
		events: ['order.refunded', 'order.completed'],
		options: { separateOutputs: true, customEvents: 'order.disputed' },
	};
	it.each([
		['order.refunded', [1, 0, 0]],
		['order.completed', [0, 1, 0]],
		['order.disputed', [0, 0, 1]],
	])('%s goes to its own', async (event, expected) => {
		const order = { ...orderCompleted, order: { id: `separate-${event}` } };
		const { outputs } = await deliver(newTrigger(separate), signDelivery(event, order));
		expect(outputs).toEqual(expected);
	});

	it('are one without the option', async () => {
		const order = { ...orderCompleted, order: { id: 'together' } };
		const setup = newTrigger({ ...separate, options: {} });
		expect((await deliver(setup, signDelivery('order.completed', order))).outputs).toEqual([1]);
	});
});

describe('a delivery', () => {
	const withMetadata = {
		...orderCompleted,
		metadata: { seats: 42, none: 0, paid: false, id: 'x' },
	};
	it.each([
		['seats', '={{ 42 }}', 1],
		['seats', '42', 1],
		['seats', '={{ 43 }}', 0],
		['none', '={{ 0 }}', 1],
		['id', '={{ 0 }}', 0],
		['paid', '={{ false }}', 1],
		['paid', 'false', 1],
		['paid', '={{ true }}', 0],
	])(
		'is compared as text: metadata %s with %s gives %i item(s)',
		async (metadataKey, metadataValue, count) => {
			const setup = newTrigger({ options: { metadataKey, metadataValue } });
			const sent = signDelivery('order.completed', withMetadata);
			expect((await deliver(setup, sent)).items).toHaveLength(count);
		},
	);

	it.each<[unknown, number]>([
		[[productId], 1],
		[['other', productId], 1],
		[['other'], 0],
		[`={{ ["${productId}"] }}`, 1],
		[`={{ "other\\n${productId}" }}`, 1],
		['={{ 42 }}', 0],
		[`["${productId}"]`, 1],
	])('with the products %j gives %i item(s)', async (productIds, count) => {
		expect(await deliverOrder({ productIds: productIds as string[] })).toEqual([200, count]);
	});

	it('is emitted as the texts "false" and "true" say', async () => {
		const setup = newTrigger({
			simplify: '={{ "false" }}',
			options: { skipRepeated: '={{ "false" }}' },
		});
		const sent = signDelivery('order.completed', orderCompleted);
		const first = await deliver(setup, sent);
		expect(first.items[0].tax).toEqual(orderCompleted.tax);
		expect((await deliver(setup, sent)).items).toHaveLength(1);
	});

	it.each<[string, IDataObject]>([
		['gives nothing', { metadataKey: 'external_order_id', metadataValue: nothing }],
		['fails', { productIds: failing }],
	])(
		'a delivery is not acknowledged if the expression of a filter %s, and no filter is skipped',
		async (_what, options) => {
			const lines = await collectLog(async () => {
				expect(await deliverOrder(options)).toEqual([500, 0]);
			});
			expect(lines.map(({ level }) => level)).toEqual(['error', 'error']);
			expect(JSON.stringify(lines)).not.toContain('A-1001');
		},
	);

	it('a delivery is filtered as at activation if the expression of a filter fails later', async () => {
		const memory = new TriggerMemory();
		const setup = newTrigger({ options: { productIds: [productId] } });
		await prepare(createHookContext(setup), memory);
		const later = {
			...setup,
			parameters: { ...setup.parameters, options: { productIds: failing } },
		};
		const other = { ...orderCompleted, order: { id: 'o2' }, product: { id: 'other' } };
		const results = [
			await deliver(later, signDelivery('order.completed', orderCompleted), memory),
			await deliver(later, signDelivery('order.completed', other), memory),
		];
		expect(results.map(({ status, items }) => [status, items.length])).toEqual([
			[200, 1],
			[200, 0],
		]);
	});

	it('a delivery is emitted if only the form of the output cannot be read', async () => {
		expect(await deliverOrder({ includeHeaders: failing })).toEqual([200, 1]);
		expect(await deliverOrder({}, { simplify: nothing })).toEqual([200, 1]);
	});
});

describe('the polling trigger', () => {
	const read = (parameters: IDataObject) =>
		readPollingSettings(
			createPollContext({ ...newTrigger(parameters), node: new PocketsflowPollingTrigger() }),
		);

	it('reads lists and numbers from text', () => {
		const parameters = {
			events: '={{ "order.completed, order.refunded" }}',
			simplify: '={{ "false" }}',
			options: { batch: '={{ "5" }}', headStart: '0', productIds: 'a, b' },
		};
		expect(read(parameters)).toMatchObject({
			events: ['order.completed', 'order.refunded'],
			simplify: false,
			maxItems: 5,
			headStartMs: 0,
			productIds: ['a', 'b'],
		});
	});

	it.each<[IDataObject, string]>([
		[{ events: [] }, "'Trigger On' is empty"],
		[{ events: nothing }, "'Trigger On' has no value"],
		[{ events: ['invoice.paid'] }, "an event that cannot be polled: 'invoice.paid'"],
		[{ options: { productIds: nothing } }, "'Product Names or IDs' has no value"],
		[{ options: { batch: 0 } }, "'Max Items per Poll' must be 1 or more"],
		[{ options: { overlap: '={{ "long" }}' } }, "'Overlap (Minutes)' must be a number"],
		[
			{ options: { repeatAfter: failing } },
			"Can't evaluate the expression in 'Repeat After (Minutes)'",
		],
	])('refuses %j with a sentence', (parameters, sentence) => {
		expect(() => read({ events: ['order.completed'], ...parameters })).toThrow(sentence);
	});
});

describe('the list of products', () => {
	let sandbox: Sandbox;
	beforeAll(async () => {
		sandbox = await openSandbox();
	});
	afterAll(() => sandbox.close());

	it.each([new PocketsflowTrigger(), new PocketsflowPollingTrigger()])(
		'of each trigger has products and subscription offers',
		async (node) => {
			const credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
			const context = createLoadOptionsContext({ ...newTrigger(), node, credential });
			const options = node.description.properties.find(({ name }) => name === 'options')?.options;
			const field = options?.find(({ name }) => name === 'productIds');
			const method = (field as { typeOptions: { loadOptionsMethod: string } }).typeOptions
				.loadOptionsMethod;
			const found = await node.methods.loadOptions[method].call(context);
			const list = async (path: string) => {
				const headers = { Authorization: `Bearer ${sandbox.testKey}` };
				const records: unknown = await (await fetch(`${sandbox.url}${path}`, { headers })).json();
				return (records as IDataObject[]).map(({ _id }) => _id);
			};
			const expected = [...(await list('/products')), ...(await list('/subscriptions'))];
			expect(found.map(({ value }) => value).sort()).toEqual(expected.sort());
			expect(expected.length).toBeGreaterThan(1);
		},
	);
});

test('the webhook trigger is of versions 1 and 2; new ones are of version 2', () => {
	const { version, defaultVersion } = new PocketsflowTrigger().description;
	expect([version, defaultVersion]).toEqual([[1, 2], 2]);
});
