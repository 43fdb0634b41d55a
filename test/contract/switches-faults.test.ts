import { switchRules } from '../../sandbox/switches';
import { expectAllSwitchesSet, get, post, sandbox, setSwitches, setUpSandbox } from './helpers';

setUpSandbox();

describe('The switches for rate limits and faults of the API', () => {
	test('rateLimit, rateLimitBurst, rateLimitPerMinute, rateLimitScope and retryAfter limit requests', async () => {
		setSwitches({
			rateLimit: true,
			rateLimitBurst: 3,
			rateLimitPerMinute: 60,
			rateLimitScope: 'key',
			retryAfter: 'none',
		});
		const getStatuses = async (count: number, key?: string) => {
			const answers = await Promise.all(Array.from({ length: count }, () => get('/users/me', key)));
			return answers.map(({ status }) => status).sort();
		};
		expect(await getStatuses(5)).toEqual([200, 200, 200, 429, 429]);
		expect(await getStatuses(1, sandbox.liveKey)).toEqual([200]);
		const plain = await get('/users/me');
		expect(plain).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
		expect(plain.headers.get('retry-after')).toBeNull();
		setSwitches({ retryAfter: 'seconds' });
		expect((await get('/users/me')).headers.get('retry-after')).toBe('1');
		setSwitches({ retryAfter: 'date' });
		const date = Date.parse((await get('/users/me')).headers.get('retry-after') ?? '');
		expect(date - Date.now()).toBeGreaterThan(-1_000);
		expect(date - Date.now()).toBeLessThan(3_000);
		await new Promise((resolve) => setTimeout(resolve, 1_100));
		expect(await getStatuses(2)).toEqual([200, 429]);
		setSwitches({ rateLimitScope: 'ip', rateLimitPerMinute: 0 });
		expect([await getStatuses(3), await getStatuses(1, sandbox.liveKey)]).toEqual([
			[200, 200, 200],
			[429],
		]);
	});

	test('rateLimit lets 200 requests at once pass by default, and no more', async () => {
		expect(switchRules.rateLimit.initial).toBe(true);
		setSwitches({ rateLimit: true });
		let passed = 0;
		for (let index = 0; index < 215; index += 1) {
			if ((await get('/users/me')).status === 200) passed += 1;
		}
		expect(passed).toBeGreaterThanOrEqual(200);
		expect(passed).toBeLessThan(215);
	});

	test('latencyMs and apiDown slow the API and take it down', async () => {
		setSwitches({ latencyMs: 120 });
		const startedAtMs = Date.now();
		await get('/users/me');
		expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(115);
		setSwitches({ latencyMs: 0, apiDown: true });
		const down = await get('/users/me');
		expect(down.status).toBe(503);
		expect(down.text).toContain('<html>');
		setSwitches({ apiDown: 'unreachable' });
		await expect(get('/users/me')).rejects.toThrow('fetch failed');
		expect((await get('/_sandbox/switches')).status).toBe(200);
	});

	test('faults strike requests before or after they are processed', async () => {
		const create = async () => await post('/products', { name: 'Book', price: 1 });
		const countProducts = async () => (await get('/products')).rows.length;
		setSwitches({
			faults: [{ method: 'POST', path: '/prod*', kind: 'answer', status: 502, count: 1 }],
		});
		expect(await create()).toMatchObject({ status: 502, body: { code: 'SANDBOX_FAULT' } });
		expect(await countProducts()).toBe(0);
		expect((await create()).status).toBe(201);
		setSwitches({
			faults: [{ path: '/products', kind: 'answer', when: 'after', body: 'html', count: 1 }],
		});
		const lost = await create();
		expect(lost).toMatchObject({ status: 500 });
		expect(lost.text).toContain('<html>');
		expect(await countProducts()).toBe(2);
		setSwitches({ faults: [{ method: 'POST', kind: 'reset', when: 'after', skip: 1, count: 1 }] });
		expect((await create()).status).toBe(201);
		await expect(create()).rejects.toThrow('fetch failed');
		expect(await countProducts()).toBe(4);
		setSwitches({ faults: [{ method: 'POST', kind: 'reset', count: 1 }] });
		await expect(create()).rejects.toThrow('fetch failed');
		expect(await countProducts()).toBe(4);
		setSwitches({ faults: [{ kind: 'hang' }] });
		const signal = AbortSignal.timeout(150);
		await expect(fetch(`${sandbox.url}/products`, { signal })).rejects.toThrow('timeout');
		expect(() => setSwitches({ faults: [{ kind: 'explode' }] as never })).toThrow(
			'Switch "faults"',
		);
	});

	test('each of these switches is turned by a test above', () => {
		expectAllSwitchesSet('faults');
	});
});
