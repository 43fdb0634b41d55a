/** One of the workflows that this repository ships as examples. */
export interface Example {
	/** The file in `examples/`, without `.json`. */
	file: string;
	/** The oldest n8n whose nodes it can use. */
	since: '1.123' | '2.0';
	/** What n8n's list of workflows shows beside its name. */
	tags: string[];
}

/** Every workflow in `examples/`, in the order in which a reader meets them. */
export const examples: readonly Example[] = [
	{ file: 'sell', since: '1.123', tags: ['Start here'] },
	{ file: 'settle', since: '2.0', tags: ['Start here'] },
	{ file: 'confirm-paid-order', since: '1.123', tags: ['Settle'] },
	{ file: 'reconcile-by-webhook', since: '2.0', tags: ['Settle'] },
	{ file: 'reconcile-by-polling', since: '2.0', tags: ['Settle'] },
	{ file: 'reconcile-two-triggers', since: '2.0', tags: ['Settle'] },
];
