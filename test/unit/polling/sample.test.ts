import type { IDataObject } from 'n8n-workflow';

import { SimulatedNode } from './simulatedNode';

/** A manual run of the node at a Pocketsflow that has these memberships. */
async function runManually(event: string, memberships: IDataObject[]): Promise<unknown> {
	const node = new SimulatedNode({
		mode: 'manual',
		readParameters: () => ({ events: [event], start: 'now', simplify: true, options: {} }),
		answer: () => ({ subscriptions: memberships }),
	});
	return (await node.poll())?.map(({ subscriptionCustomerId }) => subscriptionCustomerId);
}

const active = { _id: 'active', status: 'active', createdAt: '2026-11-22T00:00:00.000Z' };
const ended = (status: string) => ({
	_id: 'ended',
	status,
	createdAt: '2026-11-23T00:00:00.000Z',
});

describe.each(['canceled', 'cancelled', 'expired', 'ended'])(
	'a manual run at a subscription that is %s',
	(status) => {
		it('shows it as Subscription Deleted', async () => {
			const shown = await runManually('customer.subscription.deleted', [active, ended(status)]);
			expect(shown).toEqual(['ended']);
		});

		it('does not show it as Subscription Updated', async () => {
			const shown = await runManually('customer.subscription.updated', [active, ended(status)]);
			expect(shown).toEqual(['active']);
		});
	},
);

test.each(['incomplete', 'incomplete_expired'])(
	'a manual run shows a subscription that is %s as nothing, because it never was one',
	async (status) => {
		for (const event of ['created', 'updated', 'deleted'])
			await expect(runManually(`customer.subscription.${event}`, [ended(status)])).rejects.toThrow(
				'No live-mode data matches',
			);
	},
);
