/** Some sources that are mutated together, and the tests that shall notice it. */
export interface Group {
	/** Files below nodes/Pocketsflow, without their ending. */
	sources: string[];
	/** Files below test, without their ending. Few and quick ones: they run again for every mutant. */
	tests: string[];
	/** Quick enough for a run at every change. */
	isShort?: boolean;
}

export const groups: Record<string, Group> = {
	signature: {
		sources: ['events/signature'],
		tests: ['unit/events/signature'],
		isShort: true,
	},
	verification: {
		sources: ['webhook/verify'],
		tests: ['unit/webhook/verify'],
		isShort: true,
	},
	catalogue: {
		sources: ['events/catalogue'],
		tests: ['unit/events/catalogue', 'unit/events/identity'],
	},
	events: {
		sources: [
			'events/delivery',
			'events/deliveryItem',
			'events/identity',
			'events/metadata',
			'events/mode',
			'events/output',
			'events/productFilter',
		],
		tests: [
			'unit/events/delivery',
			'unit/events/deliveryItem',
			'unit/events/identity',
			'unit/events/metadata',
			'unit/events/output',
			'unit/events/productFilter',
		],
	},
	plan: {
		sources: ['webhook/plan'],
		tests: ['unit/webhook/plan', 'unit/webhook/apply'],
	},
	endpoints: {
		sources: ['webhook/endpoints'],
		tests: ['unit/webhook/endpoints'],
	},
	retry: {
		sources: ['transport/retryPolicy', 'transport/limits', 'transport/redirects'],
		tests: ['unit/transport/retryPolicy', 'unit/transport/limits'],
		isShort: true,
	},
	send: {
		sources: ['transport/send'],
		tests: ['unit/transport/send'],
	},
	rateLimiter: {
		sources: ['transport/rateLimiter'],
		tests: ['unit/transport/rateLimiter'],
	},
	batches: {
		sources: ['polling/batches', 'polling/list'],
		tests: ['unit/polling/batches', 'unit/polling/list'],
	},
	records: {
		sources: ['polling/records'],
		tests: ['unit/polling/records'],
	},
	changes: {
		sources: ['polling/changes'],
		tests: ['unit/polling/changes', 'unit/polling/items'],
	},
};
