import { classifyAttempt, mayRetry } from '../../../nodes/Pocketsflow/transport/retryPolicy';
import {
	findFollowableRedirect,
	readRedirect,
} from '../../../nodes/Pocketsflow/transport/redirects';
import type { AttemptResult } from '../../../nodes/Pocketsflow/transport/attempt';

test.each([
	[{ failure: 'unreachable' }, 'not done', true, true],
	[{ failure: 'refusedByProxy' }, 'not done', true, true],
	[{ failure: 'connectionLost', isUnsent: true }, 'not done', true, true],
	[{ failure: 'timeout', isUnsent: true }, 'not done', true, true],
	[{ failure: 'cancelled', isUnsent: true }, 'not done', false, false],
	[{ failure: 'insecure' }, 'not done', false, false],
	[{ failure: 'refusedByN8n' }, 'not done', false, false],
	[{ failure: 'timeout' }, 'maybe done', true, false],
	[{ failure: 'connectionLost' }, 'maybe done', true, false],
	[{ failure: 'tooLarge' }, 'maybe done', false, false],
	[{ failure: 'cancelled' }, 'maybe done', false, false],
	[{ status: 299, text: 'no JSON' }, 'maybe done', false, false],
	[{ status: 300 }, 'not done', false, false],
	[{ status: 301 }, 'not done', false, false],
	[{ status: 302 }, 'maybe done', false, false],
	[{ status: 303 }, 'maybe done', false, false],
	[{ status: 307 }, 'not done', false, false],
	[{ status: 400 }, 'not done', false, false],
	[{ status: 408 }, 'maybe done', true, false],
	[{ status: 500 }, 'maybe done', true, false],
] as Array<[AttemptResult, 'maybe done' | 'not done', boolean, boolean]>)(
	'After %j a request is %s; a read is sent again: %j, a create: %j',
	(result, done, read, create) => {
		const outcome = classifyAttempt(result);
		expect(outcome.mayBeDone).toBe(done === 'maybe done');
		expect(mayRetry('read', outcome)).toBe(read);
		expect(mayRetry('change', outcome)).toBe(read);
		expect(mayRetry('create', outcome)).toBe(create);
	},
);

test.each([
	['GET', 301, '/v2/orders', 'https://api.example.com/v2/orders'],
	['POST', 301, '/v2/orders', undefined],
	['POST', 308, '/v2/orders', 'https://api.example.com/v2/orders'],
	['GET', 308, 'http://api.example.com/orders', undefined],
	['GET', 308, 'https://api.example.com:8443/orders', undefined],
	['GET', 200, '/v2/orders', undefined],
] as const)(
	'A %s that is answered %i to %s is sent on to %s',
	(method, status, location, target) => {
		const url = 'https://api.example.com/orders';
		const redirect = findFollowableRedirect({ method, path: '/orders' }, { status, location }, url);
		expect(redirect?.href).toBe(target);
	},
);

test('A redirect without a usable address does not count as one', () => {
	expect(readRedirect({ status: 301 }, 'https://api.example.com')).toBeUndefined();
	expect(
		readRedirect({ status: 301, location: 'http://' }, 'https://api.example.com'),
	).toBeUndefined();
});
