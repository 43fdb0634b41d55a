import { getAllFields } from '../../nodes/Pocketsflow/actions/operation';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import type { Picker } from '../../nodes/Pocketsflow/fields/pickers';
import { buildPickerItems, searchPicker } from '../../nodes/Pocketsflow/methods/searchPicker';
import { patienceMs, readWithinPatience } from '../../nodes/Pocketsflow/methods/patience';
import { lists } from '../../nodes/Pocketsflow/api/lists';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { readList } from '../../nodes/Pocketsflow/transport/pagination';
import type { SendOptions } from '../../nodes/Pocketsflow/transport/send';
import { delay } from '../../nodes/Pocketsflow/transport/signals';
import { createLoadOptionsContext } from '../harness/engine/context';
import { json, silence, withFaultServer, type Behavior } from './transport/faultServer';
import { buildSetup, catchError } from './transport/fixtures';

const node = new Pocketsflow();
const { searchDiscounts } = node.methods.listSearch;

let keyNumber = 0;
/** A context with its own key, so that no test waits for the rate limit of another. */
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

const offered = resources.flatMap(({ operations }) => operations.flatMap(getAllFields));

/** The picker of a field, by the name of its method. */
function getPicker(method: string): Picker {
	const picker = offered.map((field) => field.picker).find((one) => one?.method === method);
	if (!picker) throw new Error(`No field has the picker ${method}`);
	return picker;
}

test.each([
	['of one list', 'searchCustomers'],
	['read to its end', 'searchDiscounts'],
])('A list that is not answered ends with a sentence in time: %s', async (_, method) => {
	await withFaultServer(silence, async ({ url }) => {
		const { message, tookMs } = await measure(
			searchPicker(createContext(url), getPicker(method), undefined, undefined, 400),
		);
		expect(tookMs).toBeLessThan(1_500);
		expect(message).toMatch(/^(Pocketsflow did not return this list|127\..* did not send)/);
	});
});

test('A user waits ten seconds for a list at most', () => {
	expect(patienceMs).toBe(10_000);
});

const failOffers: Behavior = (request, response) =>
	request.url?.startsWith('/subscriptions')
		? json(403, { message: ['Offers are not for this key'] })(request, response)
		: json(200, [{ _id: 'p1', name: 'Ebook' }])(request, response);

test('A list of two kinds shows the one that can be read, and says why the other cannot', async () => {
	await withFaultServer(failOffers, async ({ url }) => {
		const { results } = await node.methods.listSearch.searchSellables.call(createContext(url));
		expect(results.map(({ value }) => value)).toEqual(['p1', '.']);
		expect(results[1].name).toMatch(
			/^Some entries are missing\. Offers are not for this key\. The test-mode API key/,
		);
	});
});

test('A list of two kinds that can neither be read ends with the words of the first', async () => {
	await withFaultServer(json(403, { message: 'Closed' }), async ({ url }) => {
		const search = node.methods.listSearch.searchSellables.call(createContext(url));
		expect((await measure(search)).message).toMatch(/^Closed\./);
	});
});

test('While requests are paused for longer than that, a list reports it immediately', async () => {
	const behaviors: Behavior[] = [json(429, {}, { 'retry-after': '100' }), json(200, [])];
	await withFaultServer(behaviors, async ({ url, received }) => {
		const context = createContext(url);
		const { message } = await measure(searchDiscounts.call(context));
		const again = await measure(searchDiscounts.call(context));
		expect(message).toMatch(
			/Pocketsflow asked n8n to wait 100 seconds, but this node waits at most 10 seconds/,
		);
		expect(again.message).toMatch(/^Because of Pocketsflow's rate limit, this request had to wait/);
		expect(again.tookMs).toBeLessThan(2_000);
		expect(received).toHaveLength(1);
	});
});

test('A list with many slow pages ends in the same time, and no further page is asked for', async () => {
	const slow: Behavior = (_, response) => void setTimeout(() => response.end('[]'), 60);
	await withFaultServer(slow, async ({ url, received }) => {
		const context = createContext(url);
		const readForEver = async (options: SendOptions): Promise<never> => {
			for (;;) await readList(context, lists.discounts, options);
		};
		const { message, tookMs } = await measure(readWithinPatience(context, readForEver, 400));
		expect(message).toBe(
			'Pocketsflow did not return this list within 0.4 seconds. Try again, or enter the ID instead.',
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
		label: () => ['A label'],
	} as const;
	expect(await buildPickerItems(source, [{ name: 'Ebook' }])).toEqual([]);
});
