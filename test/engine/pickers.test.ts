import { buildPickerItems } from '../../nodes/Pocketsflow/methods/pickerItems';
import { patienceMs, readWithinPatience } from '../../nodes/Pocketsflow/methods/patience';
import { lists } from '../../nodes/Pocketsflow/api/lists';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { readList } from '../../nodes/Pocketsflow/transport/pagination';
import type { SendOptions } from '../../nodes/Pocketsflow/transport/send';
import { delay } from '../../nodes/Pocketsflow/transport/signals';
import { createLoadOptionsContext } from '../harness/engine/context';
import { json, silence, withFaultServer, type Behaviour } from './transport/faultServer';
import { buildSetup, catchError } from './transport/fixtures';

const node = new Pocketsflow();
const { searchCustomers, searchDiscounts } = node.methods.listSearch;

let keyNumber = 0;
/** A context with a key of its own, so that no test waits for the rate limit of another. */
const createContext = (baseUrl: string) =>
	createLoadOptionsContext(
		buildSetup(baseUrl, { node, credential: { apiKey: `pk_test_picker${++keyNumber}`, baseUrl } }),
	);

async function measure(work: Promise<unknown>): Promise<{ message: string; tookMs: number }> {
	const startMs = Date.now();
	const { message, constructor } = await catchError(work);
	expect(constructor.name).toBe('NodeOperationError');
	return { message, tookMs: Date.now() - startMs };
}

test.each([
	['of one list', () => searchCustomers],
	['read to its end', () => searchDiscounts],
])('A list that is not answered ends with a sentence after seconds: %s', async (_, getSearch) => {
	await withFaultServer(silence, async ({ url }) => {
		const { message, tookMs } = await measure(getSearch().call(createContext(url)));
		expect(tookMs).toBeLessThan(patienceMs + 2_000);
		expect(message).toMatch(/^(Pocketsflow did not bring this list|127\..* did not answer)/);
	});
});

test('While requests are paused for longer than that, a list says so at once', async () => {
	const behaviours: Behaviour[] = [json(429, {}, { 'retry-after': '100' }), json(200, [])];
	await withFaultServer(behaviours, async ({ url, received }) => {
		const context = createContext(url);
		const { message } = await measure(searchDiscounts.call(context));
		const again = await measure(searchDiscounts.call(context));
		expect(message).toMatch(
			/Pocketsflow asks to wait 100 seconds; this node waits at most 10 seconds/,
		);
		expect(again.message).toMatch(/^The rate limit of Pocketsflow keeps this request waiting/);
		expect(again.tookMs).toBeLessThan(2_000);
		expect(received).toHaveLength(1);
	});
});

test('A list with many slow pages ends in the same time, and no further page is asked for', async () => {
	const slow: Behaviour = (_, response) => void setTimeout(() => response.end('[]'), 60);
	await withFaultServer(slow, async ({ url, received }) => {
		const context = createContext(url);
		const readForEver = async (options: SendOptions): Promise<never> => {
			for (;;) await readList(context, lists.discounts, options);
		};
		const { message, tookMs } = await measure(readWithinPatience(context, readForEver, 400));
		expect(message).toBe(
			'Pocketsflow did not bring this list within 0.4 seconds. Try again, or enter the ID instead.',
		);
		expect(tookMs).toBeLessThan(1_500);
		expect(received.length).toBeGreaterThan(1);
		await delay(200);
		const requests = received.length;
		await delay(200);
		expect(received).toHaveLength(requests);
	});
});

test('What went wrong is said whole in the message', async () => {
	await withFaultServer(json(401, { error: 'Unknown key' }), async ({ url }) => {
		const { message } = await measure(searchDiscounts.call(createContext(url)));
		expect(message).toMatch(/^Unknown key\. .*Check the 'API Key' in the credential /);
	});
});

test('A record without an ID is not offered', async () => {
	const source = {
		list: { method: 'GET', path: '/x', paging: 'none', keys: [] },
		label: String,
	} as const;
	expect(await buildPickerItems(source, [{ name: 'Ebook' }])).toEqual([]);
});
