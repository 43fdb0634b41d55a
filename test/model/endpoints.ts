/**
 * An independent model of Pocketsflow's webhooks API and of its deliveries. Like the lists, it was
 * written from what is published and from what is not known, without the nodes.
 */
import { createHmac } from 'node:crypto';
import {
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
	writeJson,
} from './switches';
import type { Chosen, ModelRequest, ModelResponse, Value } from './switches';

/** Everything about endpoints that may be otherwise. The first value is the likely form. */
export const endpointSwitches = {
	/** `idOnly`, `message` and `empty`: the new endpoint must be looked up. */
	createAnswer: ['bare', 'webhook', 'data', 'endpoint', 'list', 'idOnly', 'message', 'empty'],
	createSecret: ['included', 'absent', 'masked'],
	/** Whether a secret can be read later: in lists and by ID, by ID only, masked, or never. */
	readSecret: ['absent', 'included', 'byIdOnly', 'masked'],
	/** What a change answers. */
	updateAnswer: ['bare', 'webhook', 'message', 'empty'],
	deleteAnswer: ['message', 'empty'],
	duplicateUrl: ['allowed', '409'],
	/** What creating one more than `limit` endpoints answers. */
	atLimit: ['unlimited', '403', '429'],
	description: ['whole', 'cut50', 'cut20', 'dropped'],
	/** `pagedText`: a paged object that says everything about its pages as text. */
	list: ['array', 'object', 'data', 'pagedArray', 'pagedObject', 'pagedText'],
	listOrder: ['oldest', 'newest'],
	...idSwitches,
	foreignId: ['404', '400', '422', '500'],
	...errorSwitches,
} as const;

export type EndpointSwitches = Chosen<typeof endpointSwitches>;

/** `everySwitchAlone`, `everyPair`, `randomMixture`, `describeSwitches`: for endpoints. */
export const endpointHelpers = helpersFor(endpointSwitches);

export type Mode = 'live' | 'test';

/** An endpoint as it is in Pocketsflow, whatever the API shows of it. */
export interface Endpoint {
	readonly id: string;
	readonly mode: Mode;
	/** Created by hand or by another program (`addForeign`). */
	readonly isForeign: boolean;
	readonly createdAtMs: number;
	url: string;
	events: readonly string[];
	description: string | undefined;
	active: boolean;
	secret: string;
}

/** One signed request, byte for byte as Pocketsflow sends it. */
export interface Delivery {
	readonly endpointId: string;
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

export interface EndpointsOptions {
	switches?: Partial<EndpointSwitches>;
	seed: number;
	/** The true clock, in ms since 1970. */
	now: () => number;
	/** How many endpoints a mode may have if `atLimit` says so. Default: 5. */
	limit?: number;
	/** Default: 20. */
	apiPageSize?: number;
}

/** Creates an account without endpoints. */
export function createEndpointsModel(options: EndpointsOptions): EndpointsModel {
	return new EndpointsModel(options);
}

export class EndpointsModel extends FailingApi<EndpointSwitches> {
	/** What `POST /webhooks/:id/test` sent, in order. */
	readonly testDeliveries: Delivery[] = [];

	private readonly byId = new Map<string, Endpoint>();
	private created = 0;
	private secrets = 0;

	constructor(private readonly options: EndpointsOptions) {
		super(endpointHelpers.choose(options.switches), options.seed, options.now);
	}

	/** Every endpoint that exists, oldest first; of one mode, or of both. */
	endpoints(mode?: Mode): readonly Endpoint[] {
		const all = [...this.byId.values()];
		return mode === undefined ? all : all.filter((endpoint) => endpoint.mode === mode);
	}

	// What people do in the dashboard

	/** Another program's endpoint, which nobody else may touch. */
	addForeign(url: string, events: readonly string[] = ['order.completed'], mode: Mode = 'live') {
		return this.create({
			url,
			events,
			active: true,
			description: undefined,
			mode,
			isForeign: true,
		});
	}

	/** The secret is renewed by hand. Returns the new one. */
	changeSecret(id: string): string {
		const endpoint = this.endpoint(id);
		endpoint.secret = this.newSecret();
		return endpoint.secret;
	}

	disable(id: string): void {
		this.endpoint(id).active = false;
	}

	narrowEvents(id: string, events: readonly string[]): void {
		const endpoint = this.endpoint(id);
		endpoint.events = endpoint.events.filter((event) => events.includes(event));
	}

	deleteEndpoint(id: string): void {
		this.byId.delete(this.endpoint(id).id);
	}

	/**
	 * Sends an event to every active endpoint of the mode that takes it.
	 * @param payload an object, or the raw JSON text of one (for numbers that fit no double)
	 */
	deliver(
		event: string,
		payload: string | Readonly<Record<string, unknown>>,
		mode: Mode = 'live',
	): Delivery[] {
		return this.endpoints(mode)
			.filter(({ active, events }) => active && events.includes(event))
			.map((endpoint) => this.sign(endpoint, event, payload));
	}

	/** One signed request for an endpoint, also if it is disabled or does not take the event. */
	sign(
		endpoint: Endpoint,
		event: string,
		payload: string | Readonly<Record<string, unknown>>,
	): Delivery {
		const text = typeof payload === 'string' ? payload.trim() : JSON.stringify(payload);
		const start = text.slice(0, -1).trimEnd();
		const webhookId = writeJson(idValue(this.switches.idForm, endpoint.id), String);
		const body = `${start}${start.endsWith('{') ? '' : ','}"webhookId":${webhookId}}`;
		const headers = {
			'content-type': 'application/json',
			'x-pocketsflow-event': event,
			'x-pocketsflow-signature': createHmac('sha256', endpoint.secret).update(body).digest('hex'),
			'x-pocketsflow-timestamp': String(this.now()),
		};
		return { endpointId: endpoint.id, url: endpoint.url, headers, body };
	}

	protected answer(request: ModelRequest): ModelResponse {
		const method = request.method.toUpperCase();
		const [, root, id, action, ...rest] = request.path.replace(/\/+$/, '').split('/');
		const isKnown = action === undefined || (action === 'test' && method === 'POST');
		if (root !== 'webhooks' || !isKnown || rest.length > 0) return this.unknownPath(request);
		const mode = modeOf(request);
		if (id === undefined) {
			if (method === 'GET') return this.answerList(request, mode);
			return method === 'POST' ? this.answerCreate(request, mode) : this.unknownPath(request);
		}
		const wanted = decodeURIComponent(id);
		if (!isOwnId(this.switches.idForm, wanted)) {
			return this.error(Number(this.switches.foreignId), `Cast to ObjectId failed for ${wanted}`);
		}
		const endpoint = this.byId.get(wanted);
		if (endpoint === undefined || endpoint.mode !== mode) {
			return this.error(404, 'Webhook not found');
		}
		if (action === 'test') return this.answerTest(endpoint);
		if (method === 'GET') return this.json(200, this.show(endpoint, this.secretForGet(true)));
		if (method === 'PUT') return this.answerUpdate(endpoint, request);
		if (method !== 'DELETE') return this.unknownPath(request);
		this.byId.delete(endpoint.id);
		return this.switches.deleteAnswer === 'empty'
			? jsonAnswer(200, '')
			: this.json(200, { message: 'Webhook deleted successfully' });
	}

	private answerList(request: ModelRequest, mode: Mode): ModelResponse {
		const { list, listOrder } = this.switches;
		const all = [...this.endpoints(mode)];
		if (listOrder === 'newest') all.reverse();
		const isPaged = list.startsWith('paged');
		const defaultSize = this.options.apiPageSize ?? 20;
		const page = Math.max(1, Math.floor(Number(request.query.page)) || 1);
		const wantedSize = Number(request.query.pageSize ?? request.query.limit);
		const size = wantedSize > 0 ? Math.min(wantedSize, defaultSize) : defaultSize;
		const offset = Number(request.query.offset) || (page - 1) * size;
		const rows = isPaged ? all.slice(offset, offset + size) : all;
		const shown = rows.map((endpoint) => this.show(endpoint, this.secretForGet(false)));
		if (list === 'array' || list === 'pagedArray') return this.json(200, shown);
		if (list === 'data') return this.json(200, { data: shown });
		if (list === 'object') return this.json(200, { webhooks: shown });
		const totalPages = Math.ceil(all.length / size);
		const currentPage = Math.floor(offset / size) + 1;
		const hasMore = offset + size < all.length;
		const totals = { totalCount: all.length, totalPages, currentPage, pageSize: size, hasMore };
		const pagination = list === 'pagedText' ? asText(totals) : totals;
		return this.json(200, { webhooks: shown, pagination });
	}

	private answerCreate(request: ModelRequest, mode: Mode): ModelResponse {
		const { url, events, description, active } = wishesOf(request);
		if (url === undefined || events === undefined) {
			return this.error(400, 'url and events are required');
		}
		const others = this.endpoints(mode);
		if (this.switches.duplicateUrl === '409' && others.some((other) => other.url === url)) {
			return this.error(409, 'A webhook with this URL already exists');
		}
		if (this.switches.atLimit !== 'unlimited' && others.length >= (this.options.limit ?? 5)) {
			return this.error(Number(this.switches.atLimit), 'You have reached the limit of webhooks');
		}
		const isActive = active ?? true;
		const wishes = { url, events, description, active: isActive, mode, isForeign: false };
		const endpoint = this.create(wishes);
		const shown = this.show(endpoint, this.switches.createSecret);
		switch (this.switches.createAnswer) {
			case 'bare':
				return this.json(201, shown);
			case 'webhook':
				return this.json(201, { message: 'Webhook created', webhook: shown });
			case 'data':
				return this.json(201, { success: true, data: shown });
			case 'endpoint':
				return this.json(201, { endpoint: shown });
			case 'list':
				return this.json(201, [shown]);
			case 'idOnly':
				return this.json(201, { [this.switches.idField]: this.ref(endpoint) });
			case 'message':
				return this.json(201, { message: 'Webhook created' });
			case 'empty':
				return jsonAnswer(201, '');
		}
	}

	private answerUpdate(endpoint: Endpoint, request: ModelRequest): ModelResponse {
		const { url, events, description, active } = wishesOf(request);
		const isTaken = this.endpoints(endpoint.mode).some(
			(other) => other !== endpoint && other.url === url,
		);
		if (isTaken && this.switches.duplicateUrl === '409') {
			return this.error(409, 'A webhook with this URL already exists');
		}
		endpoint.url = url ?? endpoint.url;
		endpoint.events = events ?? endpoint.events;
		endpoint.active = active ?? endpoint.active;
		if (description !== undefined) endpoint.description = this.cut(description);
		const shown = this.show(endpoint, this.secretForGet(true));
		switch (this.switches.updateAnswer) {
			case 'bare':
				return this.json(200, shown);
			case 'webhook':
				return this.json(200, { webhook: shown });
			case 'message':
				return this.json(200, { message: 'Webhook updated' });
			case 'empty':
				return jsonAnswer(200, '');
		}
	}

	private answerTest(endpoint: Endpoint): ModelResponse {
		const event = endpoint.events[0] ?? 'order.completed';
		this.testDeliveries.push(this.sign(endpoint, event, { test: true }));
		return this.json(200, { message: 'Test webhook sent' });
	}

	private create(
		wishes: Pick<Endpoint, 'url' | 'events' | 'active' | 'mode' | 'isForeign' | 'description'>,
	): Endpoint {
		const createdAtMs = this.now();
		const { idForm } = this.switches;
		const id = makeId(idForm, this.seed, 99, this.created++, createdAtMs);
		const description = this.cut(wishes.description);
		const endpoint = { ...wishes, description, id, createdAtMs, secret: this.newSecret() };
		this.byId.set(id, endpoint);
		return endpoint;
	}

	private endpoint(id: string): Endpoint {
		const endpoint = this.byId.get(id);
		if (endpoint === undefined) throw new Error(`The model has no endpoint ${id}`);
		return endpoint;
	}

	private newSecret(): string {
		const n = this.secrets++;
		const part = (i: number) => mix(this.seed, n, i, 91).toString(16).padStart(8, '0');
		return `whsec_${part(1)}${part(2)}${part(3)}${part(4)}`;
	}

	private cut(description: string | undefined): string | undefined {
		const lengths = { whole: Infinity, cut50: 50, cut20: 20, dropped: 0 };
		const cut = description?.slice(0, lengths[this.switches.description]);
		return this.switches.description === 'dropped' ? undefined : cut;
	}

	private secretForGet(isById: boolean): 'included' | 'absent' | 'masked' {
		const { readSecret } = this.switches;
		if (readSecret === 'byIdOnly') return isById ? 'included' : 'absent';
		return readSecret;
	}

	private show(endpoint: Endpoint, secret: 'included' | 'absent' | 'masked'): Value {
		const { url, events, description, active } = endpoint;
		const masked = `whsec_••••${endpoint.secret.slice(-4)}`;
		return {
			[this.switches.idField]: this.ref(endpoint),
			userId: '650000000000000000000a11',
			...{ url, events, description, active },
			secret: { included: endpoint.secret, masked, absent: undefined }[secret],
			testMode: endpoint.mode === 'test',
			createdAt: new Moment(endpoint.createdAtMs),
		};
	}

	private ref(endpoint: Endpoint): Value {
		return idValue(this.switches.idForm, endpoint.id);
	}

	private json(status: number, value: Value): ModelResponse {
		return jsonAnswer(
			status,
			writeJson(value, (ms) => JSON.stringify(new Date(ms))),
		);
	}

	private unknownPath({ method, path }: ModelRequest): ModelResponse {
		return this.error(404, `Cannot ${method} ${path}`);
	}
}

/** The mode of the key. Without a key: live. */
function modeOf({ headers = {} }: ModelRequest): Mode {
	const name = Object.keys(headers).find((key) => key.toLowerCase() === 'authorization');
	return name !== undefined && headers[name].startsWith('Bearer pk_test_') ? 'test' : 'live';
}

interface Wishes {
	url?: string;
	events?: string[];
	description?: string;
	active?: boolean;
}

function wishesOf(request: ModelRequest): Wishes {
	const fields = fieldsOf(request);
	const text = (key: string) => {
		const value = fields.get(key);
		return typeof value === 'string' ? value : undefined;
	};
	const events = fields.get('events');
	const active = fields.get('active');
	return {
		url: text('url'),
		events: Array.isArray(events) ? events.map(String) : undefined,
		description: text('description'),
		active: typeof active === 'boolean' ? active : undefined,
	};
}
