export type ItemOutcome =
	| { status: 'done'; id?: string; recordCount: number }
	| { status: 'unknown' }
	| { status: 'notDone' };

/** Most IDs to list one by one. With more, n8n could no longer show or store the error well. */
const maxNamedItems = 200;

/** Lists which items were done (with IDs), may have been, and were not. Empty for one item. */
export function summarizeFailure(items: readonly ItemOutcome[]): string {
	if (items.length < 2) return '';
	const withStatus = (status: ItemOutcome['status']) =>
		items.flatMap((item, index) => (item.status === status ? index : []));
	const unknown = withStatus('unknown');
	const notDone = withStatus('notDone');
	return [
		summarizeDone(items, withStatus('done')),
		unknown.length > 0 && `Outcome unknown (check Pocketsflow): ${formatRanges(unknown)}.`,
		notDone.length > 0 && `Not done: ${formatRanges(notDone)}.`,
	]
		.filter(Boolean)
		.join(' ');
}

function summarizeDone(items: readonly ItemOutcome[], done: readonly number[]): string {
	if (done.length === 0) return `None of the ${items.length} items was confirmed as done.`;
	const named = done.slice(-maxNamedItems);
	const ids = named.map((index) => formatDoneItem(items[index], index)).join(', ');
	const begin = `Done before the node stopped (${done.length} of ${items.length} items):`;
	return named.length === done.length
		? `${begin} ${ids}.`
		: `${begin} ${formatRanges(done)}. The last ${named.length}: ${ids}.`;
}

function formatDoneItem(item: ItemOutcome, index: number): string {
	if (item.status !== 'done') return String(index);
	if (item.recordCount > 1) return `${index} (${item.recordCount} records)`;
	return item.id === undefined ? String(index) : `${index} (${item.id})`;
}

/** Shortens ascending numbers: `0–3, 5`. */
function formatRanges(numbers: readonly number[]): string {
	const ranges: Array<[first: number, last: number]> = [];
	for (const number of numbers) {
		const range = ranges.at(-1);
		if (range && range[1] === number - 1) range[1] = number;
		else ranges.push([number, number]);
	}
	return ranges
		.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`))
		.join(', ');
}
