/**
 * What both halves of the model share: switches and how to mix them, chance from a seed, JSON text
 * with exact numbers, and the shapes of errors. Nothing here, or below, knows the nodes.
 */

/** Each switch with all its values. The first value is the likely form. */
export type SwitchTable = Readonly<Record<string, readonly [string, ...string[]]>>;

/** One value for each switch of a table. */
export type Chosen<T extends SwitchTable> = { readonly [K in keyof T]: T[K][number] };

/** Mixes a number with others into 32 evenly spread bits: chance that depends on its inputs only. */
export function mix(...values: readonly number[]): number {
	let hash = 0x9e3779b9;
	for (const value of values) {
		hash = Math.imul(hash ^ (value | 0), 0x85ebca6b);
		hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(value / 4294967296), 0xc2b2ae35);
		hash ^= hash >>> 16;
	}
	return hash >>> 0;
}

/** Shuffles a list in place (Fisher-Yates). The same seed gives the same order. */
export function shuffle<T>(list: T[], seed: number): T[] {
	for (let i = list.length - 1; i > 0; i--) {
		const j = mix(seed, i) % (i + 1);
		[list[i], list[j]] = [list[j], list[i]];
	}
	return list;
}

/** The ways to choose from a table of switches that drivers use. */
export interface SwitchHelpers<T extends SwitchTable> {
	/** The likely form, with the given values instead of some. */
	choose(values?: Partial<Chosen<T>>): Chosen<T>;
	/** Each value that is not the likely one, alone. The first of all is the likely form itself. */
	everySwitchAlone(): Array<Chosen<T>>;
	/** Each two unlikely values of two switches, in an order that the seed decides. */
	everyPair(seed: number): Array<Chosen<T>>;
	/** Every switch at random: about half are likely, the rest are any of the other values. */
	randomMixture(seed: number): Chosen<T>;
	/** Only what differs from the likely form, as text that can be pasted into a test. */
	describeSwitches(switches: Chosen<T>): string;
}

/** Builds the helpers for one table of switches. */
export function helpersFor<T extends SwitchTable>(table: T): SwitchHelpers<T> {
	const names = Object.keys(table);
	const likely = Object.fromEntries(names.map((name) => [name, table[name][0]]));
	const withValues = (values: Readonly<Record<string, string | undefined>>) =>
		({ ...likely, ...values }) as Chosen<T>;
	const unlikely = names.flatMap((name) => table[name].slice(1).map((value) => ({ name, value })));
	return {
		choose: (values = {}) => withValues(values as Readonly<Record<string, string>>),
		everySwitchAlone: () => [
			withValues({}),
			...unlikely.map(({ name, value }) => withValues({ [name]: value })),
		],
		everyPair: (seed) => {
			const pairs = unlikely.flatMap((one, i) =>
				unlikely
					.slice(i + 1)
					.filter((other) => other.name !== one.name)
					.map((other) => withValues({ [one.name]: one.value, [other.name]: other.value })),
			);
			return shuffle(pairs, seed);
		},
		randomMixture: (seed) =>
			withValues(
				Object.fromEntries(
					names.map((name, i) => {
						const others = table[name].slice(1);
						const isLikely = mix(seed, i, 1) % 2 === 0;
						return [name, isLikely ? table[name][0] : others[mix(seed, i, 2) % others.length]];
					}),
				),
			),
		describeSwitches: (switches) => {
			const differing = names.filter((name) => switches[name] !== likely[name]);
			return `{ ${differing.map((name) => `${name}: '${switches[name]}'`).join(', ')} }`;
		},
	};
}

export interface ModelRequest {
	method: string;
	path: string;
	query: Record<string, string>;
	/** An object, or its JSON text. */
	body?: unknown;
	/** Only the endpoints read it: `authorization` decides between live and test mode. */
	headers?: Record<string, string>;
}

export interface ModelResponse {
	status: number;
	headers: Record<string, string>;
	/** Raw text as it leaves the server: JSON, or HTML. */
	body: string;
}

/** The fields of a request's body; none if it is something else. */
export function fieldsOf({ body }: ModelRequest): ReadonlyMap<string, unknown> {
	const value: unknown = typeof body === 'string' && body !== '' ? JSON.parse(body) : body;
	return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

export interface LoggedRequest {
	readonly method: string;
	readonly path: string;
	readonly atMs: number;
	readonly status: number;
}

/** A number that is written digit by digit, because it may not fit a double. */
export class Digits {
	constructor(readonly text: string) {}
}

/** A moment, in ms since 1970, that is written in the form that the API shows dates in. */
export class Moment {
	constructor(readonly ms: number) {}
}

export type Value =
	| string
	| number
	| boolean
	| null
	| undefined
	| Digits
	| Moment
	| readonly Value[]
	| { readonly [key: string]: Value };

/** The same keys with every value as text. Keys with undefined stay so. */
export const asText = (
	block: Readonly<Record<string, number | boolean | undefined>>,
): Record<string, string | undefined> =>
	Object.fromEntries(
		Object.entries(block).map(([key, value]) => [key, value === undefined ? value : String(value)]),
	);

/** JSON text of a value. Keys with undefined are left out. */
export function writeJson(value: Value, writeDate: (ms: number) => string): string {
	if (value instanceof Digits) return value.text;
	if (value instanceof Moment) return writeDate(value.ms);
	if (Array.isArray(value)) {
		return `[${value.map((item: Value) => writeJson(item, writeDate)).join(',')}]`;
	}
	if (typeof value === 'object' && value !== null) {
		const parts: string[] = [];
		for (const [key, item] of Object.entries(value as { readonly [key: string]: Value })) {
			if (item !== undefined) parts.push(`${JSON.stringify(key)}:${writeJson(item, writeDate)}`);
		}
		return `{${parts.join(',')}}`;
	}
	return JSON.stringify(value ?? null);
}

/** How IDs look, and under which name a record carries its own. */
export const idSwitches = {
	idForm: ['hex', 'number', 'hugeNumber'],
	idField: ['_id', 'id'],
} as const;

/** Text of the nth ID of a kind. Numbers start over for each kind, as in a table of a database. */
export function makeId(form: string, seed: number, kind: number, n: number, nowMs: number): string {
	if (form === 'number') return String(1000 + n);
	if (form === 'hugeNumber') return (9_007_199_254_740_992n + BigInt(n)).toString();
	const hex = (value: number, length: number) =>
		value.toString(16).padStart(length, '0').slice(-length);
	const machine = hex(mix(seed, kind), 8) + hex(kind, 2);
	return hex(Math.floor(nowMs / 1000), 8) + machine + hex(n, 6);
}

/** The value of an ID as it stands in JSON. */
export function idValue(form: string, id: string): Value {
	return form !== 'hex' && /^\d+$/.test(id) ? new Digits(id) : id;
}

/** Whether a text could be an ID of ours; the IDs of payment providers are not. */
export function isOwnId(form: string, id: string): boolean {
	return form === 'hex' ? /^[0-9a-f]{24}$/.test(id) : /^\d+$/.test(id);
}

/** How errors look, and how they come over time. */
export const errorSwitches = {
	errorBody: [
		'error',
		'message',
		'messageList',
		'errorsList',
		'errorsMap',
		'issues',
		'detail',
		'jsonString',
		'html',
	],
	/** One request of 25 fails, or is answered with 200 and an error inside. */
	faults: ['none', 'errors', 'proxyPages', 'errorsWith200'],
} as const;

export type ErrorBody = (typeof errorSwitches.errorBody)[number];

export interface Fault {
	/** Default: 500. */
	status?: number;
	/** Default: the form that the switch `errorBody` names. */
	shape?: ErrorBody;
	text?: string;
	/** Whether the request fails after its work was done. */
	isCarriedOut?: boolean;
}

const errorValues: Readonly<Record<Exclude<ErrorBody, 'html'>, (text: string) => Value>> = {
	error: (text) => ({ error: text, code: 'request_failed' }),
	message: (text) => ({ message: text, statusCode: 0 }),
	messageList: (text) => ({ message: [text, 'second problem'] }),
	errorsList: (text) => ({ errors: [{ message: text, field: 'url' }] }),
	errorsMap: (text) => ({ errors: { url: [text] } }),
	issues: (text) => ({ error: { name: 'ZodError', issues: [{ path: ['url'], message: text }] } }),
	detail: (text) => ({ detail: text }),
	jsonString: (text) => text,
};

/** An answer with JSON text. */
export function jsonAnswer(status: number, body: string): ModelResponse {
	return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/** An answer that reports an error, in the given form. */
export function errorAnswer(status: number, shape: ErrorBody, text: string): ModelResponse {
	if (shape !== 'html') return jsonAnswer(status, writeJson(errorValues[shape](text), String));
	const body = `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>${text}</h1></body></html>`;
	return { status, headers: { 'content-type': 'text/html' }, body };
}

/** The fault that chance gives the nth request, if any. */
export function faultByChance(faults: string, seed: number, n: number): Fault | undefined {
	if (faults === 'none' || mix(seed, n, 77) % 25 !== 0) return undefined;
	const pick = <T>(list: readonly T[]): T => list[mix(seed, n, 78) % list.length];
	if (faults === 'errors') return { status: pick([429, 500, 502, 503]) };
	if (faults === 'proxyPages') return { status: pick([401, 403, 404, 407]), shape: 'html' };
	return { status: 200, shape: pick(errorSwitches.errorBody) };
}

/** What both halves of the model are: an API that logs its requests, and fails when it is asked to or by chance. */
export abstract class FailingApi<
	S extends { readonly errorBody: ErrorBody; readonly faults: string },
> {
	/** Every request so far, in order. */
	readonly requests: LoggedRequest[] = [];
	protected isCalm = false;
	private readonly faultQueue: Fault[] = [];

	constructor(
		readonly switches: S,
		protected readonly seed: number,
		/** The true clock, in ms since 1970. */
		protected readonly now: () => number,
	) {}

	/** The next requests fail, whatever they ask. */
	failNext(count: number, fault: Fault = {}): void {
		for (let i = 0; i < count; i++) this.faultQueue.push(fault);
	}

	/** Ends the faults that come by chance, and those that were asked for. */
	calmDown(): void {
		this.isCalm = true;
		this.faultQueue.length = 0;
	}

	/** Lets faults come by chance again. */
	endCalm(): void {
		this.isCalm = false;
	}

	respond(request: ModelRequest): ModelResponse {
		const { method, path } = request;
		const atMs = this.now();
		const { faults } = this.switches;
		const byChance = this.isCalm
			? undefined
			: faultByChance(faults, this.seed, this.requests.length);
		const fault = this.faultQueue.shift() ?? byChance;
		let response = fault && !fault.isCarriedOut ? undefined : this.answer(request, atMs);
		if (fault !== undefined || response === undefined)
			response = this.error(
				fault?.status ?? 500,
				fault?.text ?? 'Something went wrong',
				fault?.shape,
			);
		this.requests.push({ method, path, atMs, status: response.status });
		return response;
	}

	protected error(
		status: number,
		text: string,
		shape: ErrorBody = this.switches.errorBody,
	): ModelResponse {
		return errorAnswer(status, shape, text);
	}

	protected abstract answer(request: ModelRequest, now: number): ModelResponse;
}
