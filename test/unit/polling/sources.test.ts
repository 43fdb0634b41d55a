import { events } from '../../../nodes/Pocketsflow/events/catalogue';
import {
	changeSources,
	listSources,
	polledEventOptions,
} from '../../../nodes/Pocketsflow/polling/sources';

test('the polling trigger offers exactly the events that it has a source for', () => {
	const withSource = [...listSources, ...Object.values(changeSources)].map(({ event }) => event);
	expect(polledEventOptions.map(({ value }) => value).sort()).toEqual(withSource.sort());
	expect(events.map(({ name }) => name)).toEqual(expect.arrayContaining(withSource));
});

test.each([
	[true, 'skip'],
	['true', 'skip'],
	[false, 'emit'],
	['false', 'emit'],
	[undefined, 'emit'],
])('an order whose isSubscription is %p is due as %s', (isSubscription, disposition) => {
	const source = listSources.find(({ event }) => event === 'order.completed');
	expect(source?.classify?.({ isSubscription }, false)).toBe(disposition);
});
