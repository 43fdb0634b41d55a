/** A list that keeps its newest entries, so that a run of days does not fill the memory. */
export class RecentList<T> {
	private readonly entries: T[] = [];

	constructor(private readonly maxEntries: number) {}

	get list(): readonly T[] {
		return this.entries;
	}

	/** Drops the oldest tenth when it is full. */
	add(entry: T): T {
		this.entries.push(entry);
		if (this.entries.length > this.maxEntries * 1.1) {
			this.entries.splice(0, this.entries.length - this.maxEntries);
		}
		return entry;
	}

	clear(): void {
		this.entries.length = 0;
	}
}
