/** What became of an item of a run that failed. */
export type ItemEnd =
	| { end: 'done'; ids: readonly string[]; records: number }
	| { end: 'unknown' }
	| { end: 'notDone' };

/** IDs named one by one; beyond, n8n could no longer show or store the error well. */
const idsNamed = 200;

/**
 * Says which items of a failed run were done, with their IDs, which may have been, and which were not, so
 * that the operator goes on from there and does nothing twice. Empty for a run of one item.
 */
export function progressOf(items: readonly ItemEnd[]): string {
	if (items.length < 2) return '';
	const at = (end: ItemEnd['end']) =>
		items.flatMap((item, index) => (item.end === end ? index : []));
	const done = at('done');
	const unknown = at('unknown');
	const notDone = at('notDone');
	const named = done.slice(-idsNamed);
	const unnamed = done.length - named.length;
	const ids = named.map((index) => withIds(items[index], index)).join(', ');
	return [
		done.length === 0
			? `None of the ${items.length} items is known to be done.`
			: unnamed === 0
				? `Done before it stopped: ${done.length} of ${items.length} items: ${ids}.`
				: `Done before it stopped: ${done.length} of ${items.length} items: ${ranges(done)}. The last ${named.length}: ${ids}.`,
		unknown.length > 0 && `Perhaps done, to be looked up: ${ranges(unknown)}.`,
		notDone.length > 0 && `Not done: ${ranges(notDone)}.`,
	]
		.filter(Boolean)
		.join(' ');
}

function withIds(item: ItemEnd, index: number): string {
	if (item.end !== 'done') return String(index);
	if (item.records > 1) return `${index} (${item.records} records)`;
	return item.ids[0] === undefined ? String(index) : `${index} (${item.ids[0]})`;
}

/** `0–3, 5`: ascending numbers, runs of them shortened. */
function ranges(numbers: readonly number[]): string {
	const runs: Array<[number, number]> = [];
	for (const number of numbers) {
		const last = runs.at(-1);
		if (last && last[1] === number - 1) last[1] = number;
		else runs.push([number, number]);
	}
	return runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
