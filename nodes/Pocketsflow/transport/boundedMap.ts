/**
 * A map for process memory that must not grow. Setting a key makes it the newest; beyond `capacity`, the
 * oldest entry that may be evicted is removed. Iterates from the oldest to the newest.
 */
export class BoundedMap<V> {
	private readonly entries = new Map<string, V>();

	/**
	 * @param capacity the number of entries to keep, at least 1
	 * @param mayEvict whether an entry may be removed. Entries that may not can exceed the capacity.
	 */
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

	/** Adds or replaces an entry and makes it the newest; the newest is never evicted. */
	set(key: string, value: V): void {
		this.entries.delete(key);
		if (this.entries.size >= this.capacity) this.evictOldest();
		this.entries.set(key, value);
	}

	delete(key: string): boolean {
		return this.entries.delete(key);
	}

	/** The entries, oldest first. You can delete entries while iterating. */
	[Symbol.iterator](): IterableIterator<[string, V]> {
		return this.entries[Symbol.iterator]();
	}

	private evictOldest(): void {
		for (const [key, value] of this.entries) {
			if (this.entries.size < this.capacity) return;
			if (this.mayEvict(value)) this.entries.delete(key);
		}
	}
}
