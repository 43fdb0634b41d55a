import type { Endpoint } from '../../../nodes/Pocketsflow/webhook/endpoints';
import { plan, type Wanted } from '../../../nodes/Pocketsflow/webhook/plan';
import {
	describeEndpoint,
	readDescription,
	seal,
	unseal,
} from '../../../nodes/Pocketsflow/webhook/sealing';

const url = 'https://n8n.example.com/webhook/1/webhook';
const apiKey = 'pk_live_0';
const credential = { apiKey, mode: 'live', baseUrl: 'https://api.example.com' } as const;
const wanted: Wanted = { url, events: ['order.completed'], workflowId: 'flow', credential };

/** An endpoint as it should be, but for the differences. */
const make = (id: string, differences: Partial<Endpoint> = {}): Endpoint => ({
	id,
	url,
	events: ['order.completed'],
	active: true,
	...readDescription(describeEndpoint('flow', seal(`secret of ${id}`, apiKey, url))),
	...differences,
});

const knowing =
	(...ids: string[]) =>
	({ id }: Endpoint) =>
		ids.includes(id) ? `secret of ${id}` : undefined;

describe('the plan for our endpoints', () => {
	it('is empty for the one that is wanted', () => {
		const planned = plan([make('a')], wanted, knowing('a'));
		const keep = { ...make('a', { sealed: expect.any(String) }), secret: 'secret of a' };
		expect(planned).toEqual({ keep, change: undefined, remove: [] });
	});

	it('is to create one if the secret of none is known, and to remove the others', () => {
		for (const own of [[], [make('a'), make('b')]]) {
			expect(plan(own, wanted, knowing())).toEqual({ remove: own });
		}
	});

	it.each([
		[['a', 'c', 'b'], ['a', 'b', 'c'], 'c'],
		[['a', 'c', 'b'], ['a', 'b'], 'b'],
		[['9', '10'], ['9', '10'], '10'],
	])('a plan for %j, with known secrets for %j, keeps %s', (ids, known, kept) => {
		for (const order of [ids, [...ids].reverse()]) {
			const planned = plan(
				order.map((id) => make(id)),
				wanted,
				knowing(...known),
			);
			expect(planned.keep?.id).toBe(kept);
			expect(planned.remove.map(({ id }) => id)).toEqual(order.filter((id) => id !== kept));
		}
	});

	it('is to replace one that was registered for another scheme', () => {
		const own = [make('a', { url: url.replace('https', 'http') })];
		expect(plan(own, wanted, knowing('a'))).toEqual({ remove: own });
	});

	it.each<[string, Partial<Endpoint>, unknown]>([
		['other events', { events: ['order.refunded'] }, { events: ['order.completed'] }],
		['no activity', { active: false }, { active: true }],
	])('changes nothing but %s', (_what, differences, change) => {
		const planned = plan([make('a', differences)], wanted, knowing('a'));
		expect(planned.change).toEqual(change);
	});

	it.each<[string[], unknown]>([
		[['order.completed', 'order.refunded'], undefined],
		[['order.refunded'], { events: ['order.completed', 'order.refunded'] }],
	])('removes none of the events %j if they may be wanted', (events, change) => {
		const planned = plan([make('a', { events })], { ...wanted, mayHaveMore: true }, knowing('a'));
		expect(planned.change).toEqual(change);
	});

	it.each([
		['nobody', 'mine'],
		['another workflow', describeEndpoint('other', seal('secret of a', apiKey, url))],
		['no workflow', describeEndpoint(undefined, seal('secret of a', apiKey, url))],
		['us, without a secret', describeEndpoint('flow')],
		['us, with another secret', describeEndpoint('flow', seal('other', apiKey, url))],
		['us, with another key', describeEndpoint('flow', seal('secret of a', 'pk_live_1', url))],
	])('seals the secret of one that was described by %s', (_whom, description) => {
		const { change } = plan([make('a', readDescription(description))], wanted, knowing('a'));
		expect(Object.keys(change ?? {})).toEqual(['description']);
		const { workflowId, sealed } = readDescription(change?.description);
		expect([workflowId, unseal(sealed, apiKey, url)]).toEqual(['flow', 'secret of a']);
	});
});
