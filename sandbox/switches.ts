import { isRecord } from './input';

/** One fault of the API: which requests it strikes, and what happens to them. */
export interface FaultRule {
	/** HTTP method; every method when absent. */
	method?: string;
	/** Path, with `*` for any run of characters; every path when absent. */
	path?: string;
	/** How many matching requests pass unharmed first. */
	skip?: number;
	/** How many requests are struck; without limit when absent. */
	count?: number;
	/** `answer` replaces the answer, `reset` cuts the connection, `hang` never answers. */
	kind: 'answer' | 'reset' | 'hang';
	/** `after`: the request was processed, its effect stays, and only the answer is lost. */
	when?: 'before' | 'after';
	status?: number;
	/** `json` is the error body in the form of the switch `errorText`. */
	body?: 'json' | 'html' | 'empty';
	message?: string;
	headers?: Record<string, string>;
}

/** What can go wrong with one delivery. */
export type DeliveryFault = 'drop' | 'duplicate' | 'delay' | 'reorder' | 'malform' | 'forge';

/** The names of all delivery faults. */
export const deliveryFaultNames: readonly DeliveryFault[] = [
	'drop',
	'duplicate',
	'delay',
	'reorder',
	'malform',
	'forge',
];

interface Rule<T> {
	readonly section: string;
	readonly about: string;
	readonly initial: T;
	readonly allowed: string;
	check(value: unknown): boolean;
}

function choice<const T extends string | number | boolean, const I extends T>(
	section: string,
	initial: I,
	values: readonly T[],
	about: string,
): Rule<T> {
	return {
		section,
		about,
		initial,
		allowed: values.join(' / '),
		check: (value) => values.some((candidate) => candidate === value),
	};
}

const flag = (section: string, initial: boolean, about: string): Rule<boolean> =>
	choice<boolean, boolean>(section, initial, [true, false], about);

function amount(section: string, initial: number, about: string, max = Infinity): Rule<number> {
	return {
		section,
		about,
		initial,
		allowed: max === Infinity ? 'number >= 0' : `number 0 to ${max}`,
		check: (value) =>
			typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= max,
	};
}

function isFaultRule(value: unknown): value is FaultRule {
	if (!isRecord(value)) return false;
	const optional = (name: string, type: string) =>
		value[name] === undefined || typeof value[name] === type;
	const known = new Set([
		...['method', 'path', 'skip', 'count', 'kind', 'when', 'status', 'body', 'message'],
		'headers',
	]);
	return (
		Object.keys(value).every((name) => known.has(name)) &&
		['answer', 'reset', 'hang'].includes(String(value.kind)) &&
		[undefined, 'before', 'after'].some((when) => when === value.when) &&
		[undefined, 'json', 'html', 'empty'].some((body) => body === value.body) &&
		optional('method', 'string') &&
		optional('path', 'string') &&
		optional('skip', 'number') &&
		optional('count', 'number') &&
		optional('status', 'number') &&
		optional('message', 'string') &&
		(value.headers === undefined || isRecord(value.headers))
	);
}

const faults: Rule<FaultRule[]> = {
	section: 'A',
	about: 'answers that fail, connections that are cut or hang, by method and path',
	initial: [],
	allowed: 'list of fault rules',
	check: (value) => Array.isArray(value) && value.every(isFaultRule),
};

const nextDeliveryFaults: Rule<DeliveryFault[]> = {
	section: 'C3',
	about: 'faults of the next deliveries, one each, first to last; used up as they strike',
	initial: [],
	allowed: `list of ${deliveryFaultNames.join(' / ')}`,
	check: (value) =>
		Array.isArray(value) && value.every((name) => deliveryFaultNames.includes(name)),
};

/**
 * Every switch: where the contract leaves a question open, or where a fault can be made.
 * The initial value is the contract's own expectation; where it has none, the reading that is
 * harder on a client, so that what works here works with the other reading too.
 */
export const switchRules = {
	orderById: choice('H1', 'sale', ['bare', 'sale', 'order'], 'GET /orders/:id: bare or wrapped'),
	listShape: choice(
		'H2',
		'contract',
		['contract', 'array', 'object', 'data', 'items'],
		'form of every list: as the contract has it, `[]`, `{<resource>: []}`, `{data}`, `{items}`',
	),
	errorText: choice(
		'H3',
		'error',
		['error', 'message', 'both', 'nonJson'],
		'where an error body has its text',
	),
	rateLimit: flag('H4', true, 'whether requests are limited at all'),
	rateLimitPerMinute: amount('H4', 100, 'sustained requests per minute'),
	rateLimitBurst: amount('H4', 200, 'requests at once, when none were sent for a while'),
	rateLimitScope: choice('H4', 'key', ['key', 'ip'], 'what a limit counts by'),
	retryAfter: choice('H4', 'none', ['none', 'seconds', 'date'], '`Retry-After` of a 429'),
	pauseEvent: choice('H5', 'pause', ['pause', 'paused'], 'name of customer.subscription.pause'),
	acceptInvoicePaid: flag('H6', false, 'POST /webhooks accepts the event name `invoice.paid`'),
	acceptUnknownEvents: flag('H6', false, 'POST /webhooks accepts any event name'),
	eventIn: choice('H8', 'header', ['header', 'body', 'both'], 'where a delivery names its event'),
	payload: choice(
		'H8',
		'flat',
		['flat', 'flatWithEvent', 'enveloped'],
		'body of a delivery: flat, flat with `event`, or `{type, data}`',
	),
	signed: choice('H9', 'body', ['body', 'timestampAndBody'], 'what the signature covers'),
	timestamp: choice('H9', 'ms', ['ms', 's'], 'unit of X-Pocketsflow-Timestamp'),
	secretOnGet: choice(
		'H10',
		'absent',
		['absent', 'present', 'masked'],
		'`secret` on GET and PUT of /webhooks; POST always has it in clear',
	),
	deliveryRetries: amount('H11', 0, 'further attempts after a delivery that failed'),
	deliveryRetryDelayMs: amount('H11', 1000, 'wait before each further attempt'),
	deliveryTimeoutMs: amount('C3', 5000, 'time an endpoint has to answer'),
	webhookIdMeans: choice('H12', 'endpoint', ['endpoint', 'delivery'], 'meaning of `webhookId`'),
	orderAmounts: choice('H13', 'major', ['major', 'cents'], 'amounts in order.* deliveries'),
	invoiceAmounts: choice('H13', 'cents', ['cents', 'major'], 'amounts in invoice.* deliveries'),
	invoicePayload: choice(
		'H14',
		'normalised',
		['normalised', 'rawStripe'],
		'invoice.*: Pocketsflow object, or raw invoice with `subscription`/`customer` as strings',
	),
	subscriptionPayload: choice(
		'H15',
		'new',
		['new', 'old'],
		'e-mail at `customer.email` or at `subscriptionCustomer.buyerEmail`',
	),
	webhookMetadata: choice(
		'H16',
		'object',
		['object', 'urlEncoded'],
		'`metadata` in deliveries: object or URL-encoded string',
	),
	redirectUrlsRequired: flag('H17', true, 'successUrl and cancelUrl are required'),
	echoClientReferenceId: flag('H18', true, 'deliveries carry `clientReferenceId`'),
	productCurrencyRequired: flag('H19', false, 'POST /products needs `currency`'),
	stripeSubscriptionIds: flag('H21', true, 'memberships carry `stripeSubscriptionId`'),
	acceptMembershipId: flag('H21', false, 'cancel and refund accept the membership id too'),
	cancelTakesEffect: choice(
		'B Subscriptions',
		'atOnce',
		['atOnce', 'atPeriodEnd'],
		'what cancel does: ends now (.deleted), or at the end of the period (.updated)',
	),
	deleteAnswer: choice('H22', 'message', ['message', 'empty'], 'body that answers a delete'),
	testDelivery: choice(
		'H23',
		'unknownEvent',
		['unknownEvent', 'sample', 'unsigned'],
		'POST /webhooks/:id/test sends: unknown event without entity, sample of the first event, unsigned',
	),
	idField: choice('H24', '_id', ['_id', 'id', 'both'], 'where API objects have their id'),
	allowLoopbackWebhooks: flag('H25', true, 'http endpoints on this machine are accepted'),
	deliverAcrossModes: flag('A', false, 'endpoints get events of the other mode too'),
	orderRefunded: choice(
		'C4',
		'sameAsCompleted',
		['sameAsCompleted', 'withRefund'],
		'body of order.refunded',
	),
	entityPayload: choice(
		'C4',
		'nested',
		['nested', 'top'],
		'product.* and review.*: entity under its name or at the top level',
	),
	orderMetadata: flag('D', true, 'orders from the API carry `metadata`'),
	emptyTotalPages: choice('A', 0, [0, 1], '`totalPages` of an empty list'),
	maxPageSize: amount('A', 100, 'largest page'),
	overMaxPageSize: choice(
		'A',
		'clamp',
		['clamp', 'reject'],
		'whether a larger pageSize is cut or refused',
	),
	createStatus: choice('A', 201, [200, 201], 'status of a create (checkout sessions: always 201)'),
	latencyMs: amount('A', 0, 'time added to every API answer'),
	apiDown: choice(
		'A',
		false,
		[false, true, 'unreachable'],
		'every API call gets an HTML 503 (`true`), or its connection is cut',
	),
	faults,
	dropRate: amount('C3', 0, 'share of deliveries that are lost', 1),
	duplicateRate: amount('C3', 0, 'share of deliveries that are sent twice', 1),
	delayRate: amount('C3', 0, 'share of deliveries that are late by delayMs', 1),
	reorderRate: amount('C3', 0, 'share of deliveries that are sent after their successor', 1),
	malformRate: amount('C3', 0, 'share of deliveries with broken JSON, rightly signed', 1),
	forgeRate: amount('C3', 0, 'share of deliveries with a wrong signature', 1),
	delayMs: amount('C3', 1000, 'how late a delayed delivery is'),
	deliverySeed: amount('C3', 1, 'seed of the draw of delivery faults'),
	deliveryConcurrency: amount('C3', 20, 'deliveries under way at once to one endpoint'),
	nextDeliveryFaults,
} as const;

type Rules = typeof switchRules;

/** The position of every switch. */
export type Switches = {
	-readonly [Name in keyof Rules]: Rules[Name] extends Rule<infer T> ? T : never;
};

/** A change of some switches. */
export type SwitchesPatch = Partial<Switches>;

/** The switches as the contract expects Pocketsflow to be. */
export function defaultSwitches(): Switches {
	const entries = Object.entries(switchRules).map(([name, rule]) => [
		name,
		structuredClone(rule.initial),
	]);
	return Object.fromEntries(entries) as Switches;
}

/**
 * Applies a change, or throws with a text that names the switch and changes nothing: a misspelt
 * switch must not pass for a test under that switch.
 */
export function applySwitches(switches: Switches, patch: unknown): void {
	if (!isRecord(patch)) throw new SwitchError('Switches must be an object');
	for (const [name, value] of Object.entries(patch)) {
		if (!Object.hasOwn(switchRules, name)) throw new SwitchError(`Unknown switch "${name}"`);
		const rule: Rule<unknown> = switchRules[name as keyof Rules];
		if (!rule.check(value)) {
			throw new SwitchError(`Switch "${name}" must be: ${rule.allowed}`);
		}
	}
	Object.assign(switches, structuredClone(patch));
}

/** A change of switches that cannot be made. */
export class SwitchError extends Error {}
