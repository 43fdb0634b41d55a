import {
	NodeHelpers,
	type INode,
	type INodeParameters,
	type INodeProperties,
	type INodeType,
} from 'n8n-workflow';

import { events } from '../../nodes/Pocketsflow/events/catalogue';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { distribute } from '../../nodes/Pocketsflow/webhook/settings';
import { createHookContext } from '../harness/engine/context';

const webhookTrigger = new PocketsflowTrigger();
const pollingTrigger = new PocketsflowPollingTrigger();
const triggers: Array<[string, INodeType]> = [
	['the webhook trigger', webhookTrigger],
	['the polling trigger', pollingTrigger],
];

/** The properties that the editor shows for these parameters. */
function listShown(
	{ description }: INodeType,
	parameters: INodeParameters,
	typeVersion: number,
): INodeProperties[] {
	const node = { typeVersion } as INode;
	return description.properties.filter((property) =>
		NodeHelpers.displayParameter(parameters, property, node, description),
	);
}

const listNotices = (trigger: INodeType, parameters: INodeParameters, typeVersion: number) =>
	listShown(trigger, parameters, typeVersion)
		.filter(({ type }) => type === 'notice')
		.map(({ displayName }) => displayName);

describe.each(triggers)('what stands below %s on the canvas', (_name, node) => {
	/** Evaluates the subtitle as the editor does. */
	function showSubtitle(chosen: unknown): unknown {
		const parameters = { events: chosen, options: {} } as INodeParameters;
		const context = createHookContext({
			node,
			parameters,
			credential: { apiKey: '', baseUrl: '' },
			typeVersion: [node.description.version].flat().at(-1),
		});
		return context.evaluateExpression(node.description.subtitle!.slice(1), 0);
	}

	it.each([
		[['order.completed'], 'Order Completed'],
		[['order.refunded', 'order.completed'], 'Order Refunded +1'],
		[['customer.created', 'order.refunded', 'order.completed'], 'Customer Created +2'],
		[['order.disputed'], 'order.disputed'],
		['order.completed', 'Order Completed'],
		['={{ ["order.completed", "order.refunded"] }}', 'Order Completed +1'],
		['={{ "order.completed" }}', 'Order Completed'],
		[[], ''],
	])('the subtitle for the events %j is "%s"', (chosen, expected) => {
		expect(showSubtitle(chosen)).toBe(expected);
	});
});

describe('the event list explains the unit of amounts', () => {
	const show = (chosen: unknown) =>
		listNotices(webhookTrigger, { events: chosen, options: {} } as INodeParameters, 2).filter(
			(notice) => notice.includes('amount'),
		);

	it.each(events.map(({ name }) => name).filter((name) => name.startsWith('invoice.')))(
		'%s: cents',
		(event) => {
			expect(show([event])).toEqual([expect.stringContaining('cents')]);
		},
	);

	it.each(['order.completed', 'order.refunded', 'customer.created'])(
		'%s: most likely the main unit',
		(event) => {
			expect(show([event])).toEqual([
				expect.stringMatching(/main unit of the currency.*Order → Get/),
			]);
		},
	);

	it('the unit is shown for each kind of event with an amount, and for no other', () => {
		expect(show(['order.completed', 'invoice.payment_succeeded'])).toHaveLength(2);
		expect(show(['product.created', 'customer.subscription.created'])).toEqual([]);
	});
});

it.each([1, 2])(
	'the webhook trigger of version %i always registers its endpoint itself',
	(version) => {
		const shown = listShown(webhookTrigger, { options: {} }, version).map(({ name }) => name);
		expect(shown).not.toContain('endpoint');
		expect(webhookTrigger.description.webhooks?.[0].ndvHideUrl).toBe(true);
	},
);

describe.each(triggers)('%s', (_name, { description }) => {
	it('two notices say what the trigger does or needs, and which events a key receives', () => {
		const [first, second] = description.properties;
		expect([first.type, second.type]).toEqual(['notice', 'notice']);
		expect(second.displayName).toMatch(/test key.*live key/);
	});

	it('the panel cuts no label', () => {
		const options = description.properties.find(({ name }) => name === 'options')?.options ?? [];
		const labels = [...description.properties, ...options].flatMap((entry) =>
			'displayName' in entry && !('type' in entry && entry.type === 'notice')
				? [entry.displayName]
				: [],
		);
		expect(labels.filter((label) => label.length > 26)).toEqual([]);
	});

	it('no notice is longer than five lines of the panel', () => {
		const notices = description.properties.filter(({ type }) => type === 'notice');
		const texts = notices.map(({ displayName }) => displayName.replace(/<[^>]+>/g, ''));
		expect(texts.filter(({ length }) => length > 240)).toEqual([]);
	});
});

describe('the outputs of the webhook trigger', () => {
	/** Evaluates the outputs as the editor does. */
	function listOutputs(parameters: INodeParameters): unknown {
		const context = createHookContext({
			node: webhookTrigger,
			parameters,
			credential: { apiKey: '', baseUrl: '' },
			typeVersion: 2,
		});
		return context.evaluateExpression(String(webhookTrigger.description.outputs).slice(1), 0);
	}
	const chosen = ['order.refunded', 'order.completed', 'customer.subscription.paused'];
	const separate = { options: { separateOutputs: true } };

	it('the trigger has one output unless the option is on', () => {
		expect(listOutputs({ events: chosen, options: {} })).toEqual(['main']);
		expect(listOutputs({ events: chosen })).toEqual(['main']);
		const failing = "={{ $('Nowhere').first().json.id }}";
		expect(listOutputs({ events: failing, options: {} })).toEqual(['main']);
	});

	it('the outputs have the names of the events, in the order of the choice, and one for all others', () => {
		expect(listOutputs({ events: chosen, ...separate })).toEqual(
			['Order Refunded', 'Order Completed', 'Subscription Paused', 'Other Events'].map(
				(displayName) => ({ type: 'main', displayName }),
			),
		);
	});

	it('each item goes to the output of its event', () => {
		const names = (
			listOutputs({ events: chosen, ...separate }) as Array<{ displayName: string }>
		).map(({ displayName }) => displayName);
		for (const [event, name] of [
			['order.completed', 'Order Completed'],
			['order.refunded', 'Order Refunded'],
			['customer.subscription.pause', 'Subscription Paused'],
			['order.disputed', 'Other Events'],
		]) {
			const outputs = distribute({ event }, chosen);
			expect(outputs).toHaveLength(names.length);
			expect(outputs[names.indexOf(name)]).toEqual([{ json: { event } }]);
			expect(outputs.flat()).toHaveLength(1);
		}
	});

	it('each item goes to the one output without the option', () => {
		expect(distribute({ event: 'order.refunded' }, undefined)).toEqual([
			[{ json: { event: 'order.refunded' } }],
		]);
	});
});
