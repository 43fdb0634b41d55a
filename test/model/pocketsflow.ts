/**
 * An independent model of Pocketsflow's lists and records. It was written from what is published
 * about the API and from what is not known of it. It shares no code and no belief with the nodes
 * or the sandbox. Same seed, clock and calls: same answers, to the byte.
 */
import {
	Digits,
	FailingApi,
	Moment,
	asText,
	errorSwitches,
	fieldsOf,
	helpersFor,
	idSwitches,
	idValue,
	isOwnId,
	jsonAnswer,
	makeId,
	mix,
	shuffle,
	writeJson,
} from './switches';
import type { Chosen, ModelRequest, ModelResponse, Value } from './switches';

export type { ModelRequest, ModelResponse } from './switches';

/** Everything about lists and records that may be otherwise. The first value is the likely form. */
export const switches = {
	/** `day` takes the whole day; `exclusive` leaves out the moment itself. */
	startDate: ['honoured', 'ignored', 'day', 'exclusive'],
	/** `midnight` cuts the time off, so that nothing of that day itself is listed. */
	endDate: ['honoured', 'ignored', 'day', 'midnight', 'exclusive'],
	/** `text`: everything that a page says about its list is text, flags and other numbers too. */
	totalCount: ['exact', 'absent', 'wholeList', 'text', 'changing'],
	pageSize: ['honoured', 'ignored', 'capped'],
	/** `stored` is one random order forever; `reshuffled` is another one for each request. */
	order: ['newest', 'oldest', 'stored', 'reshuffled', 'updated', 'paid'],
	/** Whether records with the same date keep their order from one request to the next. */
	ties: ['stable', 'unstable'],
	/** `minute`: dates are kept without seconds, so that whole pages have the same one. */
	equalDates: ['no', 'minute'],
	customerSort: ['honoured', 'ignored'],
	lastPage: ['withRecords', 'empty'],
	hasMore: ['right', 'byTotal', 'alwaysTrue', 'alwaysFalse', 'absent'],
	/** `swapped`: arrays where objects are documented and the reverse; `swappedPaged` also pages them. */
	envelope: ['documented', 'swapped', 'swappedPaged', 'data'],
	dateForm: ['isoZ', 'isoOffset', 'isoNoZone', 'seconds', 'milliseconds', 'digits'],
	clock: ['right', 'minutesAhead', 'minutesBehind'],
	/** Half of the records show up to ten minutes later than they are dated. */
	late: ['never', 'appearsLate', 'paidLater'],
	/** One minute of 16 answers every list with nothing. */
	emptySpells: ['never', 'sometimes'],
	/** One request of 8 sees the shop as it was two minutes ago. */
	replica: ['fresh', 'lags'],
	/** One record of 10 is missing in one minute of four. */
	vanishing: ['never', 'sometimes'],
	refundRecord: ['always', 'sometimes', 'never'],
	isRefunded: ['whenFull', 'fromFirstPart'],
	status: ['plain', 'upper', 'title', 'otherWords'],
	pausedForm: ['status', 'flag', 'both'],
	statusFilter: ['honoured', 'ignored'],
	...idSwitches,
	/** What a request with an ID that is not ours (`sub_…`, `I-…`) gets. */
	foreignId: ['404', '400', '422', '500'],
	membershipCustomer: ['ours', 'provider'],
	membershipEmail: ['buyerEmail', 'customerObject', 'absent'],
	userId: ['text', 'number'],
	customerDates: ['present', 'absent'],
	orderMetadata: ['present', 'absent'],
	orderById: ['bare', 'sale'],
	...errorSwitches,
} as const;

export type Switches = Chosen<typeof switches>;

const helpers = helpersFor(switches);
export const { everySwitchAlone, everyPair, randomMixture, describeSwitches } = helpers;

/** Records are never shown later than this after they were made, unless a caller asks for it. */
export const longestDelayMs = 600_000;
const skewMs = { right: 0, minutesAhead: 240_000, minutesBehind: -240_000 } as const;
const lagMs = 120_000;
const minuteMs = 60_000;

const kinds = [
	'order',
	'payment',
	'customer',
	'review',
	'refund',
	'membership',
	'offer',
	'product',
] as const;
export type Kind = (typeof kinds)[number];

export type Detail = string | number | boolean | null | Readonly<Record<string, string>>;

/** Something that happened, and when a careful client could see it. */
export interface Truth {
	readonly kind: Kind | 'membershipChange';
	/** Of the record, exact also beyond 2^53. For a change: of the membership. */
	readonly id: string;
	/** From when the API shows it, in ms of the true clock. */
	visibleFromMs: number;
	/** From when the next change covers it; null while it still shows. May equal `visibleFromMs`. */
	visibleUntilMs: number | null;
	/** When it really happened (an order: when it was paid). */
	happenedAtMs: number;
	/** The date that the record shows, which a wrong clock or coarse dates can move. */
	shownAtMs: number;
	readonly detail: Readonly<Record<string, Detail>>;
}

interface Version {
	readonly from: number;
	readonly fields: { readonly [key: string]: Value };
	readonly updated: number;
	/** Memberships: the status in its plain spelling, for the filter. */
	readonly status?: string;
	text?: string;
}

interface Entry {
	readonly kind: Kind;
	readonly id: string;
	readonly seq: number;
	readonly rank: number;
	made: number;
	paid: number;
	visibleFrom: number;
	removedFrom: number;
	hiddenUntil: number;
	readonly vanishes: boolean;
	readonly email: string;
	readonly products: Set<string>;
	readonly isSubscription: boolean;
	readonly versions: Version[];
}

interface Table {
	readonly entries: Entry[];
	readonly byId: Map<string, Entry>;
	pending: Entry[];
	/** In the order of the list. */
	shown: Entry[];
	/** The same, oldest first. */
	byDate: Entry[];
	isSorted: boolean;
	/** Whether any record was removed or hidden by hand. */
	hasHoles: boolean;
}

interface ListDefinition {
	readonly kind: Kind;
	readonly key: string;
	readonly isObject: boolean;
	readonly paging: 'page' | 'offset' | 'none';
}

const lists: Readonly<Record<string, ListDefinition>> = {
	'GET /orders': { kind: 'order', key: 'orders', isObject: true, paging: 'page' },
	'GET /payments': { kind: 'payment', key: 'payments', isObject: true, paging: 'page' },
	'POST /orders/subscriptions': {
		kind: 'membership',
		key: 'subscriptions',
		isObject: true,
		paging: 'page',
	},
	'GET /customers': { kind: 'customer', key: 'customers', isObject: false, paging: 'offset' },
	'GET /reviews': { kind: 'review', key: 'reviews', isObject: false, paging: 'none' },
	'GET /refunds': { kind: 'refund', key: 'refunds', isObject: false, paging: 'none' },
	'GET /products': { kind: 'product', key: 'products', isObject: false, paging: 'none' },
	'GET /subscriptions': { kind: 'offer', key: 'subscriptions', isObject: false, paging: 'none' },
	'GET /subscriptions/subscribers': {
		kind: 'membership',
		key: 'subscribers',
		isObject: false,
		paging: 'none',
	},
};

const singles: ReadonlyArray<readonly [prefix: string, kind: Kind]> = [
	['/orders/subscriptions/', 'membership'],
	['/orders/', 'order'],
	['/payments/', 'payment'],
	['/customers/', 'customer'],
	['/reviews/', 'review'],
	['/refunds/', 'refund'],
	['/products/', 'product'],
	['/subscriptions/', 'offer'],
];

const otherWords: Readonly<Record<string, string>> = {
	canceled: 'cancelled',
	completed: 'succeeded',
	incomplete_expired: 'expired',
	past_due: 'past-due',
	trialing: 'in_trial',
};

export interface ProductHandle {
	readonly id: string;
	readonly name: string;
	readonly price: number;
}

export interface OrderHandle {
	readonly id: string;
	readonly customerId: string;
	readonly email: string;
	readonly product: ProductHandle;
	readonly amount: number;
}

export interface RefundHandle {
	/** Empty if there is no refund record. */
	readonly id: string;
	complete(): void;
	fail(): void;
}

export interface MembershipHandle {
	readonly id: string;
	readonly email: string;
	/** The customer's ID, which is ours also if the membership shows the payment provider's. */
	readonly customerId: string;
	/** The plain spelling, whatever the API shows. */
	status(): string;
	/** An incomplete membership is paid for at last. */
	complete(): void;
	/** An incomplete membership is given up. */
	expire(): void;
	pause(): void;
	resume(): void;
	/** Cancels for the end of the period: it stays active until `end`. */
	cancel(): void;
	end(): void;
	reactivate(): void;
	pastDue(): void;
	changeOffer(offer: ProductHandle): void;
	/** The next period is paid. Returns the payment's ID. */
	renew(): string;
}

export interface SellOptions {
	/** Email of the buyer. Default: somebody new. */
	customer?: string;
	product?: ProductHandle;
	amount?: number;
	/** How long the record takes to show after it was paid. */
	visibleAfterMs?: number;
	/** How long after it was made (and dated) the order is paid, which is when it shows. */
	paidAfterMs?: number;
	metadata?: Readonly<Record<string, string>>;
}

export interface SubscribeOptions {
	customer?: string;
	offer?: ProductHandle;
	incomplete?: boolean;
	trial?: boolean;
	visibleAfterMs?: number;
}

export interface ModelOptions {
	switches?: Partial<Switches>;
	seed: number;
	/** The true clock, in ms since 1970. */
	now: () => number;
	/** Size of a page if none is asked for, or the wish is not granted. Default: 20. */
	apiPageSize?: number;
}

/** Creates a shop with one product and one offer. */
export function createModel(options: ModelOptions): Model {
	return new Model(options);
}

export class Model extends FailingApi<Switches> {
	readonly product: ProductHandle;
	readonly offer: ProductHandle;

	private readonly apiPageSize: number;
	private readonly tables: Readonly<Record<Kind, Table>>;
	private readonly truths: Truth[] = [];
	private readonly customers = new Map<string, { entry: Entry; truth?: Truth }>();
	private readonly paymentOf = new Map<string, Entry>();
	private readonly refunded = new Map<string, number>();
	private readonly lastChange = new Map<string, Truth>();
	private emptyUntil = -Infinity;
	private lagRequests = 0;
	private buyers = 0;

	constructor(options: ModelOptions) {
		super(helpers.choose(options.switches), options.seed, options.now);
		this.apiPageSize = options.apiPageSize ?? 20;
		const newTable = (): Table => ({
			entries: [],
			byId: new Map(),
			pending: [],
			shown: [],
			byDate: [],
			isSorted: true,
			hasHoles: false,
		});
		this.tables = {
			order: newTable(),
			payment: newTable(),
			customer: newTable(),
			review: newTable(),
			refund: newTable(),
			membership: newTable(),
			offer: newTable(),
			product: newTable(),
		};
		this.product = this.addProduct({ name: 'Icon set', price: 29.99 });
		this.offer = this.addOffer({ name: 'Monthly', price: 9.5 });
	}

	// The life of the shop

	addProduct({ name = 'Product', price = 10 } = {}): ProductHandle {
		return this.addSellable('product', name, price, {
			type: 'one-time',
			active: true,
			published: true,
			currency: 'USD',
		});
	}

	/** A new recurring product. */
	addOffer({ name = 'Offer', price = 10 } = {}): ProductHandle {
		return this.addSellable('offer', name, price, { frequency: 'monthly', published: true });
	}

	updateProduct(product: ProductHandle, changes: { name?: string; price?: number }): void {
		const kind = this.tables.offer.byId.has(product.id) ? 'offer' : 'product';
		const patch = { ...changes, updatedAt: new Moment(this.stored(this.now())) };
		this.mutate(this.entry(kind, product.id), patch);
	}

	removeProduct(product: ProductHandle): void {
		this.entry('product', product.id).removedFrom = this.now();
		this.tables.product.hasHoles = true;
	}

	/** Sells once. The order, its payment and, for somebody new, the customer show together. */
	sell(options: SellOptions = {}): OrderHandle {
		const now = this.now();
		const product = options.product ?? this.product;
		const amount = options.amount ?? product.price;
		const email = options.customer ?? this.newBuyer();
		const chance = this.delayByChance();
		const isPaidLater = this.switches.late === 'paidLater';
		const paidAt = now + (options.paidAfterMs ?? (isPaidLater ? chance : 0));
		const visibleFrom = paidAt + (options.visibleAfterMs ?? (isPaidLater ? 0 : chance));
		const customer = this.buyer(email, product.id, amount, paidAt, visibleFrom);
		const fields = {
			userId: this.userId(),
			productId: this.ref(product.id),
			product: { [this.switches.idField]: this.ref(product.id), name: product.name },
			buyerEmail: email,
			grossAmount: amount,
			netAmount: Math.round(amount * 95) / 100,
			taxAmount: 0,
			currency: 'USD',
			country: 'US',
			isRefunded: false,
			isDisputed: false,
			testMode: false,
			customer: { [this.switches.idField]: this.ref(customer.id), buyerEmail: email },
			metadata: this.switches.orderMetadata === 'present' ? (options.metadata ?? {}) : undefined,
		};
		const about = { email, products: [product.id] };
		const entry = this.add('order', fields, { made: now, paid: paidAt, visibleFrom, ...about });
		this.tell(entry, paidAt, {
			email,
			customerId: customer.id,
			productId: product.id,
			amount,
			metadata: options.metadata ?? {},
		});
		this.pay(email, product, amount, false, paidAt, visibleFrom, entry.id);
		return { id: entry.id, customerId: customer.id, email, product, amount };
	}

	/** Refunds an order, whole or in part. Without a record only `isRefunded` shows it. */
	refund(
		order: OrderHandle,
		amount = order.amount,
		options: { record?: boolean; reason?: string; pending?: boolean; visibleAfterMs?: number } = {},
	): RefundHandle {
		const now = this.now();
		const seq = this.truths.length;
		const byChance = { always: true, sometimes: mix(this.seed, seq, 5) % 2 === 0, never: false };
		const hasRecord = options.record ?? byChance[this.switches.refundRecord];
		const entry = this.entry('order', order.id);
		const sentBack = (this.refunded.get(order.id) ?? 0) + amount;
		this.refunded.set(order.id, sentBack);
		const isFull = sentBack >= order.amount - 0.001;
		if (isFull || this.switches.isRefunded === 'fromFirstPart') {
			this.mutate(entry, { isRefunded: true });
			const payment = this.paymentOf.get(order.id);
			if (payment !== undefined) this.mutate(payment, { isRefunded: true });
		}
		const isPending = options.pending === true;
		const detail = { orderId: order.id, amount, hasRecord, isFull, isPending, email: order.email };
		if (!hasRecord) {
			const isShown = isFull || this.switches.isRefunded === 'fromFirstPart';
			const visibleFromMs = isShown ? Math.max(now, entry.visibleFrom) : Infinity;
			const shownAtMs = this.shown(entry.made);
			const times = { visibleFromMs, visibleUntilMs: null, happenedAtMs: now, shownAtMs };
			this.truths.push({ kind: 'refund', id: '', ...times, detail });
			return { id: '', complete: () => undefined, fail: () => undefined };
		}
		const visibleFrom = now + (options.visibleAfterMs ?? this.delayByChance());
		const fields = {
			orderId: this.ref(order.id),
			amount,
			reason: options.reason,
			status: this.spelled(isPending ? 'pending' : 'completed'),
		};
		const refund = this.add('refund', fields, { made: now, visibleFrom, email: order.email });
		this.tell(refund, now, detail);
		return {
			id: refund.id,
			complete: () => this.mutate(refund, { status: this.spelled('completed') }),
			fail: () => this.mutate(refund, { status: this.spelled('failed') }),
		};
	}

	review(
		options: { product?: ProductHandle; customer?: string; rating?: number; text?: string } = {},
	): string {
		const { product = this.product, customer: email = this.newBuyer(), rating = 5 } = options;
		const fields = {
			productId: this.ref(product.id),
			userId: this.userId(),
			buyerEmail: email,
			rating,
			review: options.text,
			testMode: false,
		};
		const made = this.now();
		const visibleFrom = made + this.delayByChance();
		const entry = this.add('review', fields, { made, visibleFrom, email, products: [product.id] });
		this.tell(entry, made, { email, productId: product.id, rating, text: options.text ?? null });
		return entry.id;
	}

	/** Somebody subscribes to an offer, or leaves the checkout before paying (`incomplete`). */
	subscribe(options: SubscribeOptions = {}): MembershipHandle {
		const now = this.now();
		const email = options.customer ?? this.newBuyer();
		const first = options.offer ?? this.offer;
		const visibleFrom = now + (options.visibleAfterMs ?? this.delayByChance());
		const isPaid = options.incomplete !== true;
		const customer = isPaid
			? this.buyer(email, first.id, first.price, now, visibleFrom)
			: this.reserveBuyer(email, now);
		const n = this.tables.membership.entries.length;
		const isOurs = this.switches.membershipCustomer === 'ours';
		const provider = mix(this.seed, n, 11).toString(36);
		const entry = this.add(
			'membership',
			{
				userId: this.userId(),
				customerId: isOurs ? this.ref(customer.id) : `cus_${provider}`,
				buyerEmail: this.switches.membershipEmail === 'buyerEmail' ? email : undefined,
				customer: this.switches.membershipEmail === 'customerObject' ? { email } : undefined,
				productId: this.ref(first.id),
				stripeSubscriptionId: n % 3 === 2 ? `I-${provider.toUpperCase()}` : `sub_${provider}`,
				...this.statusFields('incomplete'),
				currentPeriodStart: new Moment(this.stored(now)),
				currentPeriodEnd: new Moment(this.stored(now + 30 * 86_400_000)),
				cancelAtPeriodEnd: false,
				testMode: false,
			},
			{ made: now, visibleFrom, email, products: [first.id], status: 'incomplete' },
		);
		const about = { email, customerId: customer.id };
		this.tell(entry, now, {
			...about,
			offerId: first.id,
			status: isPaid ? 'active' : 'incomplete',
		});

		let offer = first;
		let resumesAs = 'active';
		const status = () => current(entry).status ?? '';
		const to = (change: string, next: string, patch: { readonly [key: string]: Value } = {}) => {
			const before = status();
			this.mutate(entry, { ...this.statusFields(next), ...patch }, next);
			const at = this.now();
			const detail = { ...about, change, before, status: next, offerId: offer.id };
			this.tellChange(entry, at, Math.max(at, entry.visibleFrom), detail);
		};
		const activate = () => {
			to('activated', options.trial === true ? 'trialing' : 'active');
			const at = this.now();
			if (options.trial !== true) {
				this.pay(email, offer, offer.price, true, at, Math.max(at, visibleFrom), entry.id);
			}
		};
		if (isPaid) activate();
		return {
			id: entry.id,
			email,
			customerId: customer.id,
			status,
			complete: () => {
				const at = this.now();
				this.buyer(email, first.id, offer.price, at, Math.max(at, entry.visibleFrom));
				activate();
			},
			expire: () => to('expired', 'incomplete_expired'),
			pause: () => {
				resumesAs = status();
				to('paused', 'paused');
			},
			resume: () => to('resumed', resumesAs),
			cancel: () => to('cancelScheduled', status(), { cancelAtPeriodEnd: true }),
			end: () => to('ended', 'canceled'),
			reactivate: () => to('reactivated', 'active', { cancelAtPeriodEnd: false }),
			pastDue: () => to('pastDue', 'past_due'),
			changeOffer: (next) => {
				offer = next;
				entry.products.add(next.id);
				to('offerChanged', status(), { productId: this.ref(next.id) });
			},
			renew: () => {
				const at = this.now();
				const id = this.pay(email, offer, offer.price, true, at, at, entry.id);
				this.mutate(entry, {
					currentPeriodStart: new Moment(this.stored(at)),
					currentPeriodEnd: new Moment(this.stored(at + 30 * 86_400_000)),
				});
				return id;
			},
		};
	}

	/** What happened, in the order in which it was done. Includes what no switch lets a client see. */
	truth(): readonly Truth[] {
		return this.truths;
	}

	// Faults by hand

	/** Every list is answered with 200 and nothing in it, for so long. */
	answerEmptyFor(ms: number): void {
		this.emptyUntil = this.now() + ms;
	}

	/** The next requests see the shop as it was two minutes ago. */
	lagNext(count: number): void {
		this.lagRequests = count;
	}

	/** One record is gone for so long, from lists and by its ID. */
	vanish(kind: Kind, id: string, ms: number): void {
		this.entry(kind, id).hiddenUntil = this.now() + ms;
		this.tables[kind].hasHoles = true;
	}

	/** Ends everything that comes and goes by chance. What a switch says of forms stays. */
	override calmDown(): void {
		super.calmDown();
		this.emptyUntil = -Infinity;
		this.lagRequests = 0;
	}

	// What the API answers

	override respond(request: ModelRequest): ModelResponse {
		const apiClock = new Date(this.now() + skewMs[this.switches.clock]);
		const response = super.respond(request);
		response.headers.date = apiClock.toUTCString();
		return response;
	}

	protected answer(request: ModelRequest, now: number): ModelResponse {
		const n = this.requests.length;
		const lagsByChance = this.switches.replica === 'lags' && mix(this.seed, n, 21) % 8 === 0;
		const isLagging = this.lagRequests > 0 || (lagsByChance && !this.isCalm);
		if (this.lagRequests > 0) this.lagRequests--;
		const seenAt = isLagging ? now - lagMs : now;

		const method = request.method.toUpperCase();
		const path = request.path.replace(/\/+$/, '');
		const list = lists[`${method} ${path}`];
		if (list !== undefined) return this.answerList(list, paramsOf(request), now, seenAt);
		if (method === 'GET' && path === '/users/me') return jsonAnswer(200, this.user());
		const single =
			method === 'GET' ? singles.find(([prefix]) => path.startsWith(prefix)) : undefined;
		if (single === undefined) return this.error(404, `Cannot ${method} ${path}`);
		const [prefix, kind] = single;
		return this.answerOne(kind, decodeURIComponent(path.slice(prefix.length)), seenAt);
	}

	private answerOne(kind: Kind, id: string, seenAt: number): ModelResponse {
		if (!isOwnId(this.switches.idForm, id)) {
			return this.error(Number(this.switches.foreignId), `Cast to ObjectId failed for ${id}`);
		}
		const entry = this.tables[kind].byId.get(id);
		if (entry === undefined || entry.visibleFrom > seenAt || this.isHidden(entry, this.now())) {
			return this.error(404, `${kind} not found`);
		}
		const text = this.text(entry, seenAt);
		const isWrapped = kind === 'order' && this.switches.orderById === 'sale';
		return jsonAnswer(200, isWrapped ? `{"sale":${text}}` : text);
	}

	private answerList(
		list: ListDefinition,
		params: ReadonlyMap<string, string>,
		now: number,
		seenAt: number,
	): ModelResponse {
		const { switches: chosen } = this;
		const matches = this.filter(list, params);
		if (matches === 'invalid') return this.error(400, 'Invalid date');
		const spell = mix(this.seed, Math.floor(now / minuteMs), 31) % 16 === 0;
		const isSpell = chosen.emptySpells === 'sometimes' && !this.isCalm && spell;
		const isEmpty = isSpell || now < this.emptyUntil;
		const all = isEmpty ? [] : this.sorted(list, params, now, seenAt);
		const rows = matches === undefined ? all : all.filter((entry) => matches(entry, seenAt));

		const isSwapped = chosen.envelope === 'swapped' || chosen.envelope === 'swappedPaged';
		const isObject = chosen.envelope === 'data' || list.isObject !== isSwapped;
		const isPaged = list.paging !== 'none' || chosen.envelope === 'swappedPaged';
		const page = Math.max(1, Math.floor(numberOf(params.get('page')) || 1));
		const size = isPaged ? this.sizeOf(params) : Math.max(1, rows.length);
		const hasOffset = list.paging === 'offset' && params.has('offset');
		const offset = hasOffset ? Math.max(0, numberOf(params.get('offset')) || 0) : (page - 1) * size;
		const part = isPaged ? rows.slice(offset, offset + size) : rows;
		const text = `[${part.map((entry) => this.text(entry, seenAt)).join(',')}]`;
		if (!isObject) return jsonAnswer(200, text);
		const key = chosen.envelope === 'data' ? 'data' : list.key;
		const currentPage = hasOffset ? Math.floor(offset / size) + 1 : page;
		const pagination = this.pagination(rows.length, all.length, offset, size, currentPage);
		return jsonAnswer(200, `{"${key}":${text},"pagination":${pagination}}`);
	}

	private sizeOf(params: ReadonlyMap<string, string>): number {
		const wanted = Math.floor(numberOf(params.get('pageSize') ?? params.get('limit')));
		if (!(wanted > 0) || this.switches.pageSize === 'ignored') return this.apiPageSize;
		return this.switches.pageSize === 'capped' ? Math.min(wanted, this.apiPageSize) : wanted;
	}

	private pagination(
		count: number,
		wholeCount: number,
		offset: number,
		pageSize: number,
		currentPage: number,
	): string {
		const { totalCount: totalForm, hasMore: moreForm, lastPage } = this.switches;
		let total = totalForm === 'wholeList' ? wholeCount : count;
		if (totalForm === 'changing' && !this.isCalm) {
			total = Math.max(0, total + (mix(this.seed, this.requests.length, 41) % 5) - 2);
		}
		const isLastEmpty = lastPage === 'empty';
		const totalPages = isLastEmpty ? Math.floor(total / pageSize) + 1 : Math.ceil(total / pageSize);
		const end = offset + pageSize;
		const hasMore = {
			right: isLastEmpty ? end <= count : end < count,
			byTotal: currentPage < totalPages,
			alwaysTrue: true,
			alwaysFalse: false,
			absent: undefined,
		}[moreForm];
		const totals = totalForm === 'absent' ? {} : { totalCount: total, totalPages };
		const block = { ...totals, currentPage, pageSize, hasMore };
		return writeJson(totalForm === 'text' ? asText(block) : block, String);
	}

	/** What the parameters ask for: undefined if everything, `invalid` if a date cannot be read. */
	private filter(
		list: ListDefinition,
		params: ReadonlyMap<string, string>,
	): ((entry: Entry, seenAt: number) => boolean) | undefined | 'invalid' {
		const tests: Array<(entry: Entry, seenAt: number) => boolean> = [];
		if (list.paging === 'page') {
			const start = params.get('startDate');
			const end = params.get('endDate');
			if ([start, end].some((text) => text !== undefined && Number.isNaN(parseDate(text)))) {
				return 'invalid';
			}
			if (start !== undefined && this.switches.startDate !== 'ignored') {
				const at = parseDate(start);
				const from = this.switches.startDate === 'day' ? dayOf(at) : at;
				const isExclusive = this.switches.startDate === 'exclusive';
				tests.push(({ made }) => (isExclusive ? made > from : made >= from));
			}
			if (end !== undefined && this.switches.endDate !== 'ignored') {
				const at = parseDate(end);
				const isDay = this.switches.endDate === 'day' || /^\d{4}-\d\d-\d\d$/.test(end);
				const limits = { day: dayOf(at) + 86_400_000 - 1, midnight: dayOf(at) };
				const until = isDay
					? limits.day
					: this.switches.endDate === 'midnight'
						? limits.midnight
						: at;
				const isExclusive = this.switches.endDate === 'exclusive';
				tests.push(({ made }) => (isExclusive ? made < until : made <= until));
			}
		}
		const productId = params.get('productId');
		if (productId !== undefined) tests.push(({ products }) => products.has(productId));
		const email = list.kind === 'customer' ? params.get('email') : undefined;
		if (email !== undefined) tests.push((entry) => entry.email === email);
		if (list.kind === 'payment' && params.get('type') === 'subscription') {
			tests.push((entry) => entry.isSubscription);
		}
		const status = list.kind === 'membership' ? params.get('status') : undefined;
		if (status !== undefined && this.switches.statusFilter === 'honoured') {
			tests.push((entry, seenAt) => versionAt(entry, seenAt).status === status);
		}
		if (tests.length === 0) return undefined;
		if (tests.length === 1) return tests[0];
		return (entry, seenAt) => tests.every((test) => test(entry, seenAt));
	}

	/** Every record that shows, in the order of the list. */
	private sorted(
		list: ListDefinition,
		params: ReadonlyMap<string, string>,
		now: number,
		seenAt: number,
	): readonly Entry[] {
		const table = this.tables[list.kind];
		this.refresh(table, now);
		const by = list.kind === 'customer' ? params.get('sortBy') : undefined;
		const isByWish = by !== undefined && this.switches.customerSort === 'honoured';
		let rows: readonly Entry[] = isByWish ? table.byDate : table.shown;
		if (seenAt < now) {
			const seen = rows.filter(({ visibleFrom }) => visibleFrom <= seenAt);
			rows = this.switches.order === 'updated' ? seen.sort(this.comparator(seenAt)) : seen;
		}
		const canVanish = this.switches.vanishing === 'sometimes' && !this.isCalm;
		if (table.hasHoles || canVanish) rows = rows.filter((entry) => !this.isHidden(entry, now));
		if (isByWish) {
			const sorted = by === 'createdAt' ? [...rows] : [...rows].sort(this.byField(by, seenAt));
			rows = params.get('sortOrder') === 'desc' ? sorted.reverse() : sorted;
		} else if (this.switches.order === 'reshuffled') {
			return shuffle([...rows], mix(this.seed, this.requests.length, 51));
		}
		return this.switches.ties === 'unstable' ? this.shuffleTies(rows) : rows;
	}

	private byField(by: string, seenAt: number): (a: Entry, b: Entry) => number {
		const key = by === 'email' ? 'buyerEmail' : by;
		const valueOf = (entry: Entry) => versionAt(entry, seenAt).fields[key];
		return (a, b) => {
			const [left, right] = [valueOf(a), valueOf(b)];
			if (typeof left === 'number' && typeof right === 'number') return left - right;
			return String(left) === String(right) ? 0 : String(left) < String(right) ? -1 : 1;
		};
	}

	/** Records of one date, which the API may give in another order each time. */
	private shuffleTies(rows: readonly Entry[]): readonly Entry[] {
		const result: Entry[] = [];
		for (let from = 0; from < rows.length; ) {
			let to = from + 1;
			while (to < rows.length && rows[to].made === rows[from].made) to++;
			if (to - from === 1) result.push(rows[from]);
			else {
				const seed = mix(this.seed, this.requests.length, from, 52);
				for (const row of shuffle(rows.slice(from, to), seed)) result.push(row);
			}
			from = to;
		}
		return result;
	}

	private refresh(table: Table, now: number): void {
		const compare = this.comparator(now);
		if (!table.isSorted) table.shown.sort(compare);
		table.isSorted = true;
		const fresh = table.pending.filter(({ visibleFrom }) => visibleFrom <= now);
		if (fresh.length === 0) return;
		table.pending = table.pending.filter(({ visibleFrom }) => visibleFrom > now);
		insertAll(table.shown, fresh, compare);
		insertAll(table.byDate, fresh, oldestFirst);
	}

	private comparator(seenAt: number): (a: Entry, b: Entry) => number {
		switch (this.switches.order) {
			case 'newest':
				return (a, b) => oldestFirst(b, a);
			case 'oldest':
				return oldestFirst;
			case 'updated':
				return (a, b) =>
					versionAt(b, seenAt).updated - versionAt(a, seenAt).updated || b.seq - a.seq;
			case 'paid':
				return (a, b) => b.paid - a.paid || b.seq - a.seq;
			case 'stored':
			case 'reshuffled':
				return (a, b) => a.rank - b.rank || a.seq - b.seq;
		}
	}

	private isHidden(entry: Entry, now: number): boolean {
		if (now < entry.hiddenUntil || now >= entry.removedFrom) return true;
		if (!entry.vanishes || this.isCalm || this.switches.vanishing === 'never') return false;
		return mix(this.seed, entry.rank, Math.floor(now / minuteMs)) % 4 === 0;
	}

	// Keeping records

	private entry(kind: Kind, id: string): Entry {
		const entry = this.tables[kind].byId.get(id);
		if (entry === undefined) throw new Error(`The model has no ${kind} ${id}`);
		return entry;
	}

	private add(
		kind: Kind,
		fields: { readonly [key: string]: Value },
		about: {
			made: number;
			visibleFrom: number;
			paid?: number;
			email?: string;
			products?: readonly string[];
			isSubscription?: boolean;
			status?: string;
		},
	): Entry {
		const table = this.tables[kind];
		const seq = table.entries.length;
		const kindIndex = kinds.indexOf(kind);
		const id = makeId(this.switches.idForm, this.seed, kindIndex, seq, this.now());
		const made = this.stored(about.made);
		const rank = mix(this.seed, kindIndex, seq, 61);
		const version: Version = { from: -Infinity, fields, updated: made, status: about.status };
		const entry: Entry = {
			kind,
			id,
			seq,
			rank,
			made,
			paid: this.stored(about.paid ?? about.made),
			visibleFrom: about.visibleFrom,
			removedFrom: Infinity,
			hiddenUntil: -Infinity,
			vanishes: rank % 10 === 0,
			email: about.email ?? '',
			products: new Set(about.products),
			isSubscription: about.isSubscription ?? false,
			versions: [version],
		};
		table.entries.push(entry);
		table.byId.set(id, entry);
		table.pending.push(entry);
		return entry;
	}

	private mutate(entry: Entry, patch: { readonly [key: string]: Value }, status?: string): void {
		const last = current(entry);
		const from = this.now();
		const fields = { ...last.fields, ...patch };
		const updated = this.stored(from);
		entry.versions.push({ from, fields, updated, status: status ?? last.status });
		if (this.switches.order === 'updated') this.tables[entry.kind].isSorted = false;
	}

	private text(entry: Entry, seenAt: number): string {
		const version = versionAt(entry, seenAt);
		version.text ??= this.write(entry, version);
		return version.text;
	}

	private write(entry: Entry, version: Version): string {
		const hasDate = entry.kind !== 'customer' || this.switches.customerDates === 'present';
		const createdAt = hasDate ? new Moment(entry.made) : undefined;
		const id = { [this.switches.idField]: this.ref(entry.id) };
		return writeJson({ ...id, ...version.fields, createdAt }, (ms) => this.writeDate(ms));
	}

	/** A moment as the API's own clock has it, and as precisely as it keeps it. */
	private stored(ms: number): number {
		const byApiClock = ms + skewMs[this.switches.clock];
		const grain = this.switches.equalDates === 'minute' ? minuteMs : 1;
		return Math.floor(byApiClock / grain) * grain;
	}

	private shown(stored: number): number {
		return this.switches.dateForm === 'seconds' ? Math.floor(stored / 1000) * 1000 : stored;
	}

	private writeDate(ms: number): string {
		const iso = new Date(ms).toISOString();
		switch (this.switches.dateForm) {
			case 'isoZ':
				return `"${iso}"`;
			case 'isoOffset':
				return `"${new Date(ms - 7 * 3_600_000).toISOString().slice(0, -1)}-07:00"`;
			case 'isoNoZone':
				return `"${iso.slice(0, -1)}"`;
			case 'seconds':
				return String(Math.floor(ms / 1000));
			case 'milliseconds':
				return String(ms);
			case 'digits':
				return `"${ms}"`;
		}
	}

	private ref(id: string): Value {
		return idValue(this.switches.idForm, id);
	}

	private userId(): Value {
		return this.switches.userId === 'number' ? new Digits('4711') : '650000000000000000000a11';
	}

	private user(): string {
		const id = { [this.switches.idField]: this.userId() };
		const hasSales = this.tables.order.entries.length > 0;
		return writeJson(
			{
				...id,
				userId: this.userId(),
				email: 'seller@example.com',
				subdomain: 'shop',
				currency: 'USD',
				testMode: false,
				hasSales,
			},
			String,
		);
	}

	private spelled(status: string): string {
		switch (this.switches.status) {
			case 'plain':
				return status;
			case 'upper':
				return status.toUpperCase();
			case 'title':
				return status.charAt(0).toUpperCase() + status.slice(1);
			case 'otherWords':
				return otherWords[status] ?? status;
		}
	}

	private statusFields(status: string): { readonly [key: string]: Value } {
		const isPaused = status === 'paused';
		const { pausedForm } = this.switches;
		const shown = isPaused && pausedForm === 'flag' ? 'active' : status;
		const isActive = status === 'active' || status === 'trialing' || isPaused;
		const flags = pausedForm === 'status' ? {} : { active: isActive, paused: isPaused };
		return { status: this.spelled(shown), ...flags };
	}

	private delayByChance(): number {
		if (this.switches.late === 'never') return 0;
		const n = this.truths.length;
		return mix(this.seed, n, 71) % 2 === 0 ? 0 : mix(this.seed, n, 72) % longestDelayMs;
	}

	private newBuyer(): string {
		return `buyer${++this.buyers}@example.com`;
	}

	private addSellable(
		kind: 'product' | 'offer',
		name: string,
		price: number,
		more: { readonly [key: string]: Value },
	): ProductHandle {
		const made = this.now();
		const fields = { userId: this.userId(), name, price, ...more, testMode: false };
		const entry = this.add(kind, fields, { made, visibleFrom: made });
		this.tell(entry, made, { name, price });
		return { id: entry.id, name, price };
	}

	/** A customer whose record does not show until a purchase is paid. */
	private reserveBuyer(email: string, at: number): Entry {
		const known = this.customers.get(email);
		if (known !== undefined) return known.entry;
		const fields = {
			userId: this.userId(),
			buyerEmail: email,
			country: 'US',
			numberOfOrders: 0,
			totalSpent: 0,
			testMode: false,
		};
		const entry = this.add('customer', fields, { made: at, visibleFrom: Infinity, email });
		this.customers.set(email, { entry });
		return entry;
	}

	private buyer(
		email: string,
		productId: string,
		amount: number,
		at: number,
		visibleFrom: number,
	): Entry {
		const entry = this.reserveBuyer(email, at);
		const known = this.customers.get(email);
		if (visibleFrom < entry.visibleFrom && entry.visibleFrom > this.now()) {
			entry.visibleFrom = visibleFrom;
			entry.made = entry.paid = this.stored(at);
			const times = {
				visibleFromMs: visibleFrom,
				happenedAtMs: at,
				shownAtMs: this.shown(entry.made),
			};
			if (known?.truth !== undefined) Object.assign(known.truth, times);
			else this.customers.set(email, { entry, truth: this.tell(entry, at, { email }) });
		}
		entry.products.add(productId);
		const { numberOfOrders, totalSpent } = current(entry).fields;
		this.mutate(entry, {
			numberOfOrders: Number(numberOfOrders) + 1,
			totalSpent: Number(totalSpent) + amount,
		});
		return entry;
	}

	private pay(
		email: string,
		item: ProductHandle,
		amount: number,
		isSubscription: boolean,
		at: number,
		visibleFrom: number,
		paidFor: string,
	): string {
		const reference = { [isSubscription ? 'subscriptionId' : 'productId']: this.ref(item.id) };
		const flags = { isSubscription, isRefunded: false, isDisputed: false };
		const money = { currency: 'USD', amount, amountBeforeTax: amount };
		const fields = { ...flags, ...reference, ...money, buyerEmail: email };
		const about = { made: at, visibleFrom, email, products: [item.id], isSubscription };
		const entry = this.add('payment', fields, about);
		if (!isSubscription) this.paymentOf.set(paidFor, entry);
		this.tell(entry, at, { email, itemId: item.id, amount, isSubscription, paidFor });
		return entry.id;
	}

	private tell(entry: Entry, happenedAtMs: number, detail: Truth['detail']): Truth {
		const truth: Truth = {
			kind: entry.kind,
			id: entry.id,
			visibleFromMs: entry.visibleFrom,
			visibleUntilMs: null,
			happenedAtMs,
			shownAtMs: this.shown(entry.made),
			detail,
		};
		this.truths.push(truth);
		return truth;
	}

	private tellChange(entry: Entry, at: number, visibleFromMs: number, detail: Truth['detail']) {
		const previous = this.lastChange.get(entry.id);
		if (previous !== undefined) previous.visibleUntilMs = Math.max(previous.visibleFromMs, at);
		const shownAtMs = this.shown(entry.made);
		const times = { visibleFromMs, visibleUntilMs: null, happenedAtMs: at, shownAtMs };
		const truth: Truth = { kind: 'membershipChange', id: entry.id, ...times, detail };
		this.lastChange.set(entry.id, truth);
		this.truths.push(truth);
	}
}

function oldestFirst(a: Entry, b: Entry): number {
	return a.made - b.made || a.seq - b.seq;
}

/** Adds records to a sorted list. */
function insertAll(
	list: Entry[],
	fresh: readonly Entry[],
	compare: (a: Entry, b: Entry) => number,
): void {
	if (fresh.length > 16) {
		for (const entry of fresh) list.push(entry);
		list.sort(compare);
		return;
	}
	for (const entry of fresh) {
		let [low, high] = [0, list.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (compare(list[middle], entry) < 0) low = middle + 1;
			else high = middle;
		}
		list.splice(low, 0, entry);
	}
}

function current(entry: Entry): Version {
	return entry.versions[entry.versions.length - 1];
}

/** What the record said at a moment; before its first change, what it said at first. */
function versionAt(entry: Entry, ms: number): Version {
	let i = entry.versions.length - 1;
	while (i > 0 && entry.versions[i].from > ms) i--;
	return entry.versions[i];
}

function numberOf(text: string | undefined): number {
	return text === undefined ? NaN : Number(text);
}

function dayOf(ms: number): number {
	return Math.floor(ms / 86_400_000) * 86_400_000;
}

/** The API reads dates with and without a zone, and as numbers of seconds or milliseconds. */
function parseDate(text: string): number {
	if (/^\d+$/.test(text)) return Number(text) < 1e11 ? Number(text) * 1000 : Number(text);
	const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T');
	return Date.parse(hasZone ? text : `${text}Z`);
}

/** The parameters of a list: of the query, or of the body if a list is asked for by POST. */
function paramsOf(request: ModelRequest): ReadonlyMap<string, string> {
	const isPost = request.method.toUpperCase() === 'POST';
	const all = isPost ? [...fieldsOf(request)] : Object.entries(request.query);
	const given = all.filter(([, value]) => value !== undefined && value !== null && value !== '');
	return new Map(given.map(([key, value]) => [key, String(value)]));
}
