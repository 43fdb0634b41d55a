import { type FaultRule, isFaultRule } from './http/faults';
import { isObject } from './json';

export type DeliveryFault = 'drop' | 'duplicate' | 'delay' | 'reorder' | 'malform' | 'forge';

export const deliveryFaultNames: readonly DeliveryFault[] = [
	'drop',
	'duplicate',
	'delay',
	'reorder',
	'malform',
	'forge',
];

interface Rule<T> {
	/** The heading of docs/pocketsflow-api.md that the switch belongs to, as in a link. */
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

const faults: Rule<FaultRule[]> = {
	section: 'errors',
	about: 'responses that fail and connections that are cut or hang, by method and path',
	initial: [],
	allowed: 'list of fault rules',
	check: (value) => Array.isArray(value) && value.every(isFaultRule),
};

const nextDeliveryFaults: Rule<DeliveryFault[]> = {
	section: 'deliveries',
	about: 'faults of the next deliveries, in order; each affects one delivery',
	initial: [],
	allowed: `list of ${deliveryFaultNames.join(' / ')}`,
	check: (value) =>
		Array.isArray(value) && value.every((name) => deliveryFaultNames.includes(name)),
};

/**
 * Every contradiction and gap (docs/pocketsflow-api.md#contradictions), and every fault. The initial
 * value is the most likely reading. If there is none, it is the one that is harder on a client.
 */
export const switchRules = {
	orderById: choice(
		'orders-and-payments',
		'sale',
		['bare', 'sale', 'order'],
		'response to GET /orders/:id: the order, or the order in `sale` or `order`',
	),
	listShape: choice(
		'lists-and-paging',
		'contract',
		['contract', 'array', 'object', 'data', 'items'],
		'form of every list: as documented, `[]`, `{<resource>: []}`, `{data}`, `{items}`',
	),
	errorText: choice(
		'errors',
		'error',
		['error', 'message', 'both', 'nonJson'],
		'key of the text in an error body',
	),
	rateLimit: flag('rate-limits', true, 'whether requests are limited'),
	rateLimitPerMinute: amount('rate-limits', 100, 'sustained requests per minute'),
	rateLimitBurst: amount('rate-limits', 200, 'requests at the same time after a pause'),
	rateLimitScope: choice(
		'rate-limits',
		'key',
		['key', 'ip'],
		'what the limit applies to: an API key or an IP address',
	),
	retryAfter: choice(
		'rate-limits',
		'none',
		['none', 'seconds', 'date'],
		'header `Retry-After` of a 429',
	),
	pauseEvent: choice(
		'events',
		'pause',
		['pause', 'paused'],
		'name of the pause event, after `customer.subscription.`',
	),
	acceptInvoicePaid: flag('events', false, 'POST /webhooks accepts the event name `invoice.paid`'),
	acceptUnknownEvents: flag('events', false, 'POST /webhooks accepts any event name'),
	eventIn: choice(
		'payloads',
		'header',
		['header', 'body', 'both'],
		'where a delivery names its event',
	),
	payload: choice(
		'payloads',
		'flat',
		['flat', 'flatWithEvent', 'enveloped'],
		'body of a delivery: flat, flat with `event`, or `{type, data}`',
	),
	signed: choice('signature', 'body', ['body', 'timestampAndBody'], 'what the signature covers'),
	timestamp: choice('deliveries', 'ms', ['ms', 's'], 'unit of X-Pocketsflow-Timestamp'),
	secretOnGet: choice(
		'webhook-endpoints',
		'absent',
		['absent', 'present', 'masked'],
		'`secret` in responses to GET and PUT /webhooks; POST always returns it in full',
	),
	deliveryRetries: amount('deliveries', 0, 'retries of a failed delivery'),
	deliveryRetryDelayMs: amount('deliveries', 1000, 'time before each retry'),
	deliveryTimeoutMs: amount('deliveries', 5000, 'time that an endpoint has to respond'),
	webhookIdMeans: choice(
		'deliveries',
		'endpoint',
		['endpoint', 'delivery'],
		'meaning of `webhookId`',
	),
	orderAmounts: choice('money', 'major', ['major', 'cents'], 'amounts in order.* deliveries'),
	invoiceAmounts: choice('money', 'cents', ['cents', 'major'], 'amounts in invoice.* deliveries'),
	invoicePayload: choice(
		'payloads',
		'normalised',
		['normalised', 'rawStripe'],
		'invoice.*: Pocketsflow object, or raw invoice with `subscription`/`customer` as strings',
	),
	subscriptionPayload: choice(
		'payloads',
		'new',
		['new', 'old'],
		'email address at `customer.email` or at `subscriptionCustomer.buyerEmail`',
	),
	webhookMetadata: choice(
		'metadata',
		'object',
		['object', 'urlEncoded'],
		'`metadata` in deliveries: object or URL-encoded string',
	),
	redirectUrlsRequired: flag('checkout-sessions', true, 'successUrl and cancelUrl are required'),
	echoClientReferenceId: flag('checkout-sessions', true, 'deliveries contain `clientReferenceId`'),
	productCurrencyRequired: flag('products', false, 'POST /products needs `currency`'),
	stripeSubscriptionIds: flag('subscriptions', true, 'memberships have `stripeSubscriptionId`'),
	acceptMembershipId: flag(
		'subscriptions',
		false,
		'cancel and refund also accept the membership ID',
	),
	cancelTakesEffect: choice(
		'subscriptions',
		'atOnce',
		['atOnce', 'atPeriodEnd'],
		'what cancel does: ends now (.deleted), or at the end of the period (.updated)',
	),
	deleteAnswer: choice('errors', 'message', ['message', 'empty'], 'response body of a delete'),
	testDelivery: choice(
		'webhook-endpoints',
		'unknownEvent',
		['unknownEvent', 'sample', 'unsigned'],
		'POST /webhooks/:id/test sends: unknown event without entity, sample of the first event, unsigned',
	),
	idField: choice('ids', '_id', ['_id', 'id', 'both'], 'key of the ID in API objects'),
	webhookUrls: choice(
		'webhook-endpoints',
		'asSent',
		['asSent', 'normalised', 'withSlash'],
		'`url` of an endpoint: as sent, normalized, or normalized with a trailing slash',
	),
	webhookDescriptions: choice(
		'webhook-endpoints',
		'kept',
		['kept', 'cut', 'escaped', 'dropped'],
		'`description` of an endpoint: as sent, cut after 100 characters, HTML-escaped, or absent',
	),
	webhookPageSize: amount(
		'webhook-endpoints',
		0,
		'largest page of GET /webhooks, with a `pagination` block; 0 returns all',
	),
	webhookListLags: flag(
		'webhook-endpoints',
		false,
		'GET /webhooks returns an empty list; GET /webhooks/:id still finds each endpoint',
	),
	sameUrlTwice: flag('webhook-endpoints', true, 'two endpoints may have the same URL'),
	allowLoopbackWebhooks: flag(
		'webhook-endpoints',
		true,
		'http endpoints on this machine are accepted',
	),
	deliverAcrossModes: flag(
		'base-url-authentication-and-modes',
		false,
		'endpoints also get events of the other mode',
	),
	orderRefunded: choice(
		'payloads',
		'sameAsCompleted',
		['sameAsCompleted', 'withRefund'],
		'body of order.refunded',
	),
	entityPayload: choice(
		'payloads',
		'nested',
		['nested', 'top'],
		'product.* and review.*: entity under its name or at the top level',
	),
	orderMetadata: flag('metadata', true, 'orders from the API have `metadata`'),
	emptyTotalPages: choice('lists-and-paging', 0, [0, 1], '`totalPages` of an empty list'),
	maxPageSize: amount('lists-and-paging', 100, 'largest page'),
	overMaxPageSize: choice(
		'lists-and-paging',
		'clamp',
		['clamp', 'reject'],
		'whether a larger pageSize is cut or refused',
	),
	createStatus: choice(
		'errors',
		201,
		[200, 201],
		'status of a create (checkout sessions: always 201)',
	),
	latencyMs: amount('errors', 0, 'delay of every API response'),
	apiDown: choice(
		'errors',
		false,
		[false, true, 'unreachable'],
		'every API call gets an HTML 503 (`true`), or its connection is cut',
	),
	faults,
	dropRate: amount('deliveries', 0, 'share of deliveries that are lost', 1),
	duplicateRate: amount('deliveries', 0, 'share of deliveries that are sent twice', 1),
	delayRate: amount('deliveries', 0, 'share of deliveries that are late by delayMs', 1),
	reorderRate: amount('deliveries', 0, 'share of deliveries that are sent after the next one', 1),
	malformRate: amount(
		'deliveries',
		0,
		'share of deliveries with invalid JSON and a valid signature',
		1,
	),
	forgeRate: amount('deliveries', 0, 'share of deliveries with an invalid signature', 1),
	delayMs: amount('deliveries', 1000, 'how late a delayed delivery is'),
	deliverySeed: amount('deliveries', 1, 'seed that decides which deliveries fail'),
	deliveryConcurrency: amount('deliveries', 20, 'simultaneous deliveries to one endpoint'),
	nextDeliveryFaults,
} as const;

type Rules = typeof switchRules;

export type Switches = {
	-readonly [Name in keyof Rules]: Rules[Name] extends Rule<infer T> ? T : never;
};

export type SwitchesPatch = Partial<Switches>;

export function createSwitches(): Switches {
	const entries = Object.entries(switchRules).map(([name, rule]) => [
		name,
		structuredClone(rule.initial),
	]);
	return Object.fromEntries(entries) as Switches;
}

export class SwitchError extends Error {}

/** Changes nothing and throws a `SwitchError` on an unknown switch or a wrong value. */
export function applySwitches(switches: Switches, patch: unknown): void {
	if (!isObject(patch)) throw new SwitchError('Switches must be an object');
	for (const [name, value] of Object.entries(patch)) checkSwitch(name, value);
	Object.assign(switches, structuredClone(patch));
}

function checkSwitch(name: string, value: unknown): void {
	if (!Object.hasOwn(switchRules, name)) throw new SwitchError(`Unknown switch "${name}"`);
	const rule: Rule<unknown> = switchRules[name as keyof Rules];
	if (!rule.check(value)) throw new SwitchError(`Switch "${name}" must be: ${rule.allowed}`);
}
