import { NodeOperationError, type IDataObject } from 'n8n-workflow';

import { lists } from '../api/lists';
import { classifyRecord } from './follow';
import { buildItem } from './items';
import type { PollContext } from './pollContext';
import { createFetch } from './read';
import { readRecords } from './records';
import { changeSources, listSources, type ChangeSource } from './sources';

/**
 * The newest real record of each selected event, for a manual run. Neither reads nor saves a state.
 * @throws NodeOperationError if Pocketsflow has no match
 */
export async function sampleEvents(context: PollContext): Promise<IDataObject[]> {
	const { n8n, settings, mode } = context;
	const items: IDataObject[] = [];
	for (const event of settings.events) {
		const item = await sampleEvent(context, event);
		if (item) items.push(item);
	}
	if (items.length > 0) return items;
	throw new NodeOperationError(
		n8n.getNode(),
		`No ${mode}-mode data matches these events and filters yet`,
		{
			description:
				'Make a test purchase, or publish (activate) the workflow and wait for the first sale.',
		},
	);
}

async function sampleEvent(context: PollContext, event: string): Promise<IDataObject | undefined> {
	const { n8n } = context;
	const change = Object.values<ChangeSource>(changeSources).find((one) => one.event === event);
	const source = listSources.find((one) =>
		change ? one.list === lists.memberships : one.event === event,
	);
	if (!source) return undefined;
	const { records } = await createFetch(n8n, source.list)({ fromMs: 0 }, 1);
	const newestFirst = readRecords(records).sort((a, b) => b.timeMs - a.timeMs);
	for (const { record, timeMs } of newestFirst) {
		if (change && !change.isExample(record)) continue;
		const related = (await source.readRelated?.(context, record)) ?? {};
		const payload = source.toPayload(record, related);
		if (classifyRecord(context, source, record, payload) === 'emit')
			return buildItem(context, { event, record, payload, discriminator: timeMs });
	}
	return undefined;
}
