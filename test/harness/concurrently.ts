/**
 * Does the work for every item, at most `limit` at a time. The results have the order of the items.
 * @throws what the first failed work threw; no new work begins then
 */
export async function mapConcurrently<Item, Result>(
	limit: number,
	items: readonly Item[],
	work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
	const results: Result[] = [];
	let next = 0;
	let hasFailed = false;
	const takeTurns = async () => {
		while (next < items.length && !hasFailed) {
			const index = next++;
			try {
				results[index] = await work(items[index]);
			} catch (error) {
				hasFailed = true;
				throw error;
			}
		}
	};
	await Promise.all(Array.from({ length: limit }, takeTurns));
	return results;
}
