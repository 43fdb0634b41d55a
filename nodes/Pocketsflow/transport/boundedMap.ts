/** A map for process memory that must not grow. Iterates from the oldest to the newest entry. */
export class BoundedMap<V> {
	private readonly entries = new Map<string, V>();

	/** Entries that may not be evicted can exceed the capacity, which is at least 1. */
	constructor(
		readonly capacity: number,
		private readonly mayEvict: (value: V) => boolean = () => true,
	) {}

	get size(): number {
		return this.entries.size;
	}

	get(key: string): V | undefined {
		return this.entries.get(key);
	}

	/** Makes an entry the newest, which is never evicted; the oldest may be. */
	set(key: string, value: V): void {
		this.entries.delete(key);
		for (const [other, old] of this.entries) {
			if (this.entries.size < this.capacity) break;
			if (this.mayEvict(old)) this.entries.delete(other);
		}
		this.entries.set(key, value);
	}

	delete(key: string): boolean {
		return this.entries.delete(key);
	}

	[Symbol.iterator](): IterableIterator<[string, V]> {
		return this.entries[Symbol.iterator]();
	}
}
