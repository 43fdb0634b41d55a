import { createHmac } from 'node:crypto';

import { type Sandbox, startSandbox } from '../../sandbox/sandbox';
import { type ReceivedRequest, type Receiver, startReceiver } from './receiver';

export type JsonObject = Record<string, unknown>;

/** A response of the sandbox; `rows` is its body as a list, and empty when it is none. */
export interface ApiResponse {
	status: number;
	body: JsonObject;
	rows: JsonObject[];
	text: string;
	headers: Headers;
}

/** The sandbox of a test file, without rate limit and as new before each test. */
export let sandbox: Sandbox;

/** A webhook endpoint, emptied before each test. */
export let receiver: Receiver;

/** Starts `sandbox` and `receiver` for the tests of a file; called once at its top. */
export function setUpSandbox(): void {
	beforeAll(async () => {
		sandbox = await startSandbox({ switches: { rateLimit: false } });
		receiver = await startReceiver();
	});

	afterAll(async () => {
		await sandbox.close();
		await receiver.close();
	});

	beforeEach(() => {
		sandbox.reset();
		receiver.clear();
	});
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Calls the sandbox with the test key, or another. */
export async function call(
	method: string,
	path: string,
	body?: unknown,
	key: string = sandbox.testKey,
): Promise<ApiResponse> {
	const response = await fetch(`${sandbox.url}${path}`, {
		method,
		redirect: 'manual',
		headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	const parsed = parseJson(text);
	return {
		status: response.status,
		text,
		headers: response.headers,
		rows: Array.isArray(parsed) ? (parsed as JsonObject[]) : [],
		body: (parsed ?? {}) as JsonObject,
	};
}

export const get = async (path: string, key?: string) => await call('GET', path, undefined, key);

export const post = async (path: string, body?: unknown, key?: string) =>
	await call('POST', path, body, key);

/** Creates a product and returns its id. */
export async function createProduct(key?: string, price = 30): Promise<string> {
	const { body } = await post('/products', { name: 'Book', price }, key);
	return String(body._id);
}

/** Creates a monthly offer and returns its id. */
export async function createOffer(extra: JsonObject = {}): Promise<string> {
	const offer = { name: 'Club', price: 15, frequency: 'monthly', ...extra };
	return String((await post('/subscriptions', offer)).body._id);
}

/** Registers the receiver for some events. */
export async function registerWebhook(
	events: string[] = ['order.completed'],
	key?: string,
): Promise<{ id: string; secret: string }> {
	const { status, body } = await post('/webhooks', { url: receiver.url, events }, key);
	expect(status).toBe(201);
	return { id: String(body._id), secret: String(body.secret) };
}

/** Sells a new product and returns the first request that the receiver got of it. */
export async function sell(input: JsonObject = {}): Promise<ReceivedRequest> {
	const productId = await createProduct();
	await sandbox.purchase({ productId, wait: true, ...input });
	return receiver.received[0];
}

/** The signature of a text, made without the code under test. */
export const computeHmac = (secret: string, text: string) =>
	createHmac('sha256', Buffer.from(secret, 'utf8')).update(Buffer.from(text)).digest('hex');

/** The value at a path inside a JSON value. */
export const getPath = (value: unknown, ...path: string[]): unknown =>
	path.reduce<unknown>((inner, name) => (inner as JsonObject | undefined)?.[name], value);
