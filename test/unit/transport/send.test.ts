import type { IDataObject, INode } from 'n8n-workflow';

import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { sendOnce, type AttemptResult } from '../../../nodes/Pocketsflow/transport/attempt';
import {
	loadCredential,
	type PocketsflowContext,
} from '../../../nodes/Pocketsflow/transport/credential';
import { defaultLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { acquirePermit, releasePermit } from '../../../nodes/Pocketsflow/transport/rateLimiter';
import { send, type SendOptions } from '../../../nodes/Pocketsflow/transport/send';
import { delay } from '../../../nodes/Pocketsflow/transport/signals';

jest.mock('../../../nodes/Pocketsflow/transport/attempt', () => ({
	...jest.requireActual('../../../nodes/Pocketsflow/transport/attempt'),
	sendOnce: jest.fn(),
}));
jest.mock('../../../nodes/Pocketsflow/transport/credential', () => ({
	...jest.requireActual('../../../nodes/Pocketsflow/transport/credential'),
	loadCredential: jest.fn(),
}));
jest.mock('../../../nodes/Pocketsflow/transport/rateLimiter');
jest.mock('../../../nodes/Pocketsflow/transport/signals');

const startMs = 1_000_000;
const baseUrl = 'https://api.example.com';
const permit = { issuedAtMs: startMs, limits: defaultLimits, run: {} };
const cancel = new AbortController().signal;
const stop = new AbortController().signal;
const node = { name: 'Pocketsflow', type: 'pocketsflow', parameters: {} } as unknown as INode;

const context = {
	getNode: () => node,
	getExecutionCancelSignal: () => cancel,
} as unknown as PocketsflowContext;

const get: PocketsflowRequest = { method: 'GET', path: '/orders', query: { page: 1 } };
const post: PocketsflowRequest = { method: 'POST', path: '/orders', body: {} };
const remove: PocketsflowRequest = { method: 'DELETE', path: '/orders/o1' };

const ok: AttemptResult = { status: 200, body: { id: 'o1' } };
const failed: AttemptResult = { status: 500 };
const limited: AttemptResult = { status: 429, retryAfterMs: 7 };
const redirect = (location = '/v2/orders'): AttemptResult => ({ status: 307, location });

let nowMs = startMs;

beforeEach(() => {
	nowMs = startMs;
	jest.clearAllMocks();
	jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
	jest.spyOn(Math, 'random').mockReturnValue(1);
	jest.mocked(delay).mockImplementation(async (ms) => void (nowMs += ms));
	jest.mocked(acquirePermit).mockImplementation(async () => permit);
	jest.mocked(loadCredential).mockImplementation(async () => ({
		name: 'Mine',
		apiKey: 'pk_live_0',
		mode: 'live',
		ignoreSslIssues: false,
		baseUrl,
	}));
});
afterEach(() => jest.restoreAllMocks());

type Failure = Error & { description: string; httpCode: string; context: IDataObject };

/** Sends a request that meets with these results, one after the other, then with the last one each time. */
async function meet(
	results: AttemptResult[],
	request = get,
	effect: 'read' | 'change' | 'create' = 'read',
	options?: SendOptions,
): Promise<unknown> {
	const queue = [...results];
	jest
		.mocked(sendOnce)
		.mockImplementation(async () => queue.shift() ?? results[results.length - 1]);
	return await send(context, request, effect, 3, options);
}

const fail = async (...args: Parameters<typeof meet>): Promise<Failure> =>
	await meet(...args).then(
		(answer) => Promise.reject(new Error(`answered ${JSON.stringify(answer)}`)),
		(error: Failure) => error,
	);

const sent = () => jest.mocked(sendOnce).mock.calls.map(([, , request, { url }]) => [request, url]);
const turns = () => jest.mocked(acquirePermit).mock.calls.map(([, options]) => options);
const released = () => jest.mocked(releasePermit).mock.calls.map(([, , result]) => result);
const waits = () => jest.mocked(delay).mock.calls;

describe('a request', () => {
	it('a request waits for its turn within the limits and is sent once', async () => {
		const limits = { totalTimeoutMs: 9_000 };
		expect(await meet([ok], get, 'read', { limits, stop })).toEqual({ id: 'o1' });
		expect(turns()).toEqual([
			{
				limits: { ...defaultLimits, ...limits },
				run: context,
				deadlineMs: startMs + 9_000,
				goesFirst: false,
				isUrgent: undefined,
				signals: [cancel, stop],
			},
		]);
		expect(sent()).toEqual([[get, `${baseUrl}/orders`]]);
		expect(jest.mocked(sendOnce).mock.calls[0][3]).toEqual({
			url: `${baseUrl}/orders`,
			limits: { ...defaultLimits, ...limits },
			cancel,
		});
		expect(jest.mocked(releasePermit).mock.calls[0].slice(1)).toEqual([permit, 'answered']);
	});

	it('a request can be sent from a context that cannot be canceled', async () => {
		jest.mocked(sendOnce).mockResolvedValue(ok);
		const plain = { getNode: () => node } as unknown as PocketsflowContext;
		expect(await send(plain, get, 'read')).toEqual({ id: 'o1' });
		expect(turns()[0].signals).toEqual([undefined, undefined]);
	});

	it('a request is not sent if its turn does not come in time or the user stops it', async () => {
		jest.mocked(acquirePermit).mockResolvedValue('timeout');
		expect((await fail([ok])).description).toMatch('was not sent in time');
		jest.mocked(acquirePermit).mockResolvedValue('aborted');
		expect((await fail([ok])).message).toBe('The execution was stopped.');
		expect(sent()).toEqual([]);
	});

	it.each<[AttemptResult, unknown]>([
		[{ status: 499 }, 'answered'],
		[{ status: 500 }, 'failed'],
		[{ failure: 'timeout' }, 'failed'],
		[{ failure: 'connectionLost', status: 200 }, 'failed'],
	])('a request that ends with %j reports this to the rate limiter', async (result, expected) => {
		await fail([result], post, 'create');
		expect(released()).toEqual([expected]);
	});
});

describe('a success', () => {
	it.each<[string, AttemptResult]>([
		['text that is not JSON', { status: 200, text: 'hello' }],
		['empty text', { status: 200, text: '' }],
		['an error', { status: 200, body: { error: 'Closed' } }],
		['what is not asked for', { status: 200, body: { other: 1 } }],
	])('a response with %s is not a success', async (_what, result) => {
		const isUsable = (body: unknown) => !Object.hasOwn(body as object, 'other');
		const error = await fail([result], get, 'read', { isUsable });
		expect(error.httpCode).toBe('200');
		expect(sent()).toHaveLength(1);
	});

	it('any other JSON response is a success', async () => {
		expect(await meet([{ status: 204, body: {} }], get, 'read', { isUsable: () => true })).toEqual(
			{},
		);
	});
});

describe('a request that is answered 429', () => {
	it('a request that gets 429 goes first after the pause and loses no attempt', async () => {
		const limits = { maxAttempts: 1 };
		expect(await meet([limited, limited, ok], get, 'read', { limits, isUrgent: true })).toEqual({
			id: 'o1',
		});
		expect(turns().map(({ goesFirst, isUrgent }) => [goesFirst, isUrgent])).toEqual([
			[false, true],
			[true, false],
			[true, false],
		]);
		expect(released()).toEqual([
			{ rateLimited: true, retryAfterMs: 7 },
			{ rateLimited: true, retryAfterMs: 7 },
			'answered',
		]);
		expect(waits()).toEqual([]);
	});

	it('a request that gets 429 waits like others after a failed attempt', async () => {
		await meet([limited, failed, ok], get, 'read', { isUrgent: true });
		expect(turns().map(({ goesFirst, isUrgent }) => [goesFirst, isUrgent])).toEqual([
			[false, true],
			[true, false],
			[false, false],
		]);
	});

	it('a request that gets 429 reports this if its time runs out', async () => {
		jest.mocked(acquirePermit).mockResolvedValueOnce(permit).mockResolvedValueOnce('timeout');
		expect((await fail([limited])).description).toMatch('returned 429');
	});
});

describe('a failed attempt', () => {
	it('a failed attempt is repeated after a delay that doubles, up to the last attempt', async () => {
		const error = await fail([failed]);
		expect(sent()).toHaveLength(4);
		expect(waits().map(([ms]) => ms)).toEqual([1_000, 2_000, 4_000]);
		expect(error.description).toMatch('returned 500 after 4 attempts');
		expect(error.context.itemIndex).toBe(3);
	});

	it('a failed attempt is repeated after Retry-After if that is longer', async () => {
		await meet([{ status: 503, retryAfterMs: 3_000 }, { status: 503, retryAfterMs: 1 }, ok]);
		expect(waits().map(([ms]) => ms)).toEqual([3_000, 2_000]);
	});

	it('a failed attempt is repeated only if enough time is left', async () => {
		await meet([failed, ok], get, 'read', { limits: { totalTimeoutMs: 1_000 } });
		expect(sent()).toHaveLength(2);
		await fail([failed], get, 'read', { limits: { totalTimeoutMs: 999 } });
		expect(sent()).toHaveLength(3);
	});

	it('an attempt whose response is cut off counts as failed', async () => {
		const error = await fail([{ failure: 'connectionLost', status: 200 }]);
		expect(error.message).toBe('The response from api.example.com was cut off or damaged.');
		expect(sent()).toHaveLength(4);
	});

	it('a create is repeated only if the failed attempt cannot have created anything', async () => {
		const error = await fail([failed], post, 'create');
		expect(error.context.outcome).toBe('unknown');
		expect(sent()).toHaveLength(1);
		expect(await meet([{ failure: 'unreachable' }, ok], post, 'create')).toEqual({ id: 'o1' });
	});

	it('a change that may have been carried out is repeated after the user stops, to learn the outcome', async () => {
		await meet([{ failure: 'unreachable' }, failed, ok], remove, 'change', { stop });
		expect(turns().map(({ signals }) => signals)).toEqual([
			[cancel, stop],
			[cancel, stop],
			[cancel],
		]);
		expect(waits().map(([, ...signals]) => signals)).toEqual([
			[cancel, stop],
			[cancel, undefined],
		]);
	});

	it('the outcome stays unknown after an attempt that may have been carried out', async () => {
		const { context } = await fail([failed, { status: 400 }], remove, 'change');
		expect(context.outcome).toBe('unknown');
	});
});

describe('a delete that is answered 404', () => {
	const gone: AttemptResult = { status: 404 };

	it('a delete that gets 404 succeeds if an earlier attempt may have deleted the record', async () => {
		expect(await meet([failed, gone], remove, 'change')).toEqual({});
	});

	it.each<[string, AttemptResult[], PocketsflowRequest]>([
		['a delete gets 404 on the first attempt', [gone], remove],
		[
			'a delete gets 404 after an attempt that did nothing',
			[{ failure: 'unreachable' }, gone],
			remove,
		],
		['a read gets 404', [failed, gone], get],
		['a delete gets another status', [failed, { status: 410 }], remove],
		[
			"a delete gets 404 from a proxy's page",
			[failed, { ...gone, text: '<h1>Not found</h1>' }],
			remove,
		],
	])('a request fails if %s', async (_when, results, request) => {
		const { status } = results[results.length - 1] as { status: number };
		expect((await fail(results, request, 'change')).description).toContain(`returned ${status}`);
	});
});

describe('a redirect', () => {
	it('a redirect is followed without the query, and the next attempt starts at the original URL', async () => {
		expect(await meet([redirect(), failed, ok])).toEqual({ id: 'o1' });
		expect(sent()).toEqual([
			[get, `${baseUrl}/orders`],
			[{ ...get, query: undefined }, `${baseUrl}/v2/orders`],
			[get, `${baseUrl}/orders`],
		]);
	});

	it('at most five redirects are followed, each from the URL of the last one', async () => {
		const results = ['a/1', '2', '3', '4', '5'].map((to) => redirect(to));
		await meet([...results, ok]);
		expect(sent().map(([, url]) => url)).toEqual([
			`${baseUrl}/orders`,
			...[1, 2, 3, 4, 5].map((n) => `${baseUrl}/a/${n}`),
		]);
		const error = await fail([...results, redirect('6')]);
		expect(error.message).toBe(
			'api.example.com redirects to /a/6. This node does not follow redirects.',
		);
	});

	it('a redirect to another host is not followed', async () => {
		const error = await fail([redirect('https://elsewhere.example.com/x')]);
		expect(error.message).toMatch(
			'redirects to https://elsewhere.example.com. This node does not follow redirects',
		);
	});
});
