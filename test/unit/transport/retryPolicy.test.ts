import { classifyAttempt, mayRetry } from '../../../nodes/Pocketsflow/transport/retryPolicy';
import {
	findFollowableRedirect,
	readRedirect,
} from '../../../nodes/Pocketsflow/transport/redirects';
import type { AttemptResult } from '../../../nodes/Pocketsflow/transport/attempt';

test.each([
	[{ failure: 'unreachable' }, true, true],
	[{ failure: 'insecure' }, false, false],
	[{ failure: 'refusedByN8n' }, false, false],
	[{ failure: 'timeout' }, true, false],
	[{ failure: 'connectionLost' }, true, false],
	[{ failure: 'tooLarge' }, false, false],
	[{ failure: 'cancelled' }, false, false],
	[{ status: 400 }, false, false],
	[{ status: 408 }, true, false],
	[{ status: 500 }, true, false],
	[{ status: 200, text: 'no JSON' }, false, false],
] as Array<[AttemptResult, boolean, boolean]>)(
	'After %j a read is sent again: %j, a create: %j',
	(result, read, create) => {
		const outcome = classifyAttempt(result);
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

test('A redirect without a usable address is none', () => {
	expect(readRedirect({ status: 301 }, 'https://api.example.com')).toBeUndefined();
	expect(
		readRedirect({ status: 301, location: 'http://' }, 'https://api.example.com'),
	).toBeUndefined();
});
