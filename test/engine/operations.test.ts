import { Pocketsflow as Sdk } from 'pocketsflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { endpoints, type EndpointName } from '../../sandbox/endpoints';
import type { Sandbox } from '../../sandbox/sandbox';
import { runNode } from '../harness/engine/context';
import { cases, type Case } from './operations';
import {
	openSandbox,
	buildEndpointPath,
	stockSandbox,
	type StockedSandbox,
} from './stockedSandbox';

const node = new Pocketsflow();
const formatTitle = ({ resource, operation, about }: Case) =>
	[`${resource}: ${operation}`, about].filter(Boolean).join(', ');
const titledCases = cases.map((each) => ({ ...each, title: formatTitle(each) }));
const sdkCases = titledCases.filter(({ sdk }) => sdk);

let sandbox: Sandbox;
let shop: StockedSandbox;

beforeAll(async () => (sandbox = await openSandbox()));
beforeEach(async () => (shop = await stockSandbox(sandbox)));
afterAll(async () => await sandbox.close());

/** The requests to the sandbox after the first `count`, without what every request has. */
const getRequestsSince = (count: number) =>
	sandbox.requests
		.slice(count)
		.map(({ method, path, query, body }) => ({ method, path, query, body }));

const buildRequest = (endpoint: EndpointName, each: Case) => ({
	method: endpoints[endpoint].method,
	path: buildEndpointPath(endpoint, each.id?.(shop)),
	query: each.query?.(shop) ?? {},
	body: each.body?.(shop),
});

async function run({ resource, operation, parameters }: Case) {
	return await runNode({
		node,
		credential: shop.credential,
		parameters: { resource, operation, ...parameters?.(shop) },
	});
}

describe('every operation', () => {
	it.each(titledCases)('sends its request and outputs the response: $title', async (each) => {
		const before = sandbox.requests.length;
		const { output, error } = await run(each);
		expect(error?.message).toBeUndefined();
		expect(getRequestsSince(before)).toEqual(
			each.endpoint ? [buildRequest(each.endpoint, each)] : [],
		);
		expect(output).toHaveLength(each.items ?? 1);
		expect(output[0].json).toMatchObject(each.output(shop));
		expect(output.every(({ pairedItem }) => JSON.stringify(pairedItem) === '{"item":0}')).toBe(
			true,
		);
		for (const { json } of output)
			for (const key of each.without ?? []) expect(json).not.toHaveProperty([key]);
		expect(JSON.stringify(output)).not.toContain(shop.credential.apiKey);
	});

	it.each(sdkCases)('sends what the official SDK sends: $title', async (each) => {
		const before = sandbox.requests.length;
		await run(each);
		const ours = getRequestsSince(before);
		await stockSandbox(sandbox).then((again) => (shop = again));
		const sdk = new Sdk({ apiKey: sandbox.testKey, baseUrl: sandbox.url });
		const beforeSdk = sandbox.requests.length;
		await each.sdk?.(sdk, shop);
		const withoutIds = (value: unknown) =>
			JSON.stringify(value).replace(/[0-9a-f]{24}|sub_\w+/g, 'ID');
		const sorted = (requests: ReturnType<typeof getRequestsSince>) =>
			requests.map((request) => ({
				...request,
				body: request.body && Object.entries(request.body).sort(),
				query: Object.entries(request.query).sort(),
			}));
		expect(withoutIds(sorted(ours))).toBe(withoutIds(sorted(getRequestsSince(beforeSdk))));
	});
});

describe('the table of cases', () => {
	const operations = resources.flatMap(({ option, operations: rows }) =>
		rows.map((row) => `${String(option.value)}: ${String(row.option.value)}`),
	);

	it('has every endpoint of the API', () => {
		const covered = new Set(cases.map(({ endpoint }) => endpoint));
		expect(Object.keys(endpoints).filter((name) => !covered.has(name as never))).toEqual([]);
		expect(Object.keys(endpoints)).toHaveLength(44);
	});

	it('has every operation of the node', () => {
		const covered = new Set(cases.map(({ resource, operation }) => `${resource}: ${operation}`));
		expect(operations.filter((name) => !covered.has(name))).toEqual([]);
		expect(operations).toHaveLength(46);
	});

	it('sets every field of every operation in some case', () => {
		const unset = resources.flatMap(({ option, operations: rows }) =>
			rows.flatMap((row) => {
				const mine = cases.filter(
					({ resource, operation }) => resource === option.value && operation === row.option.value,
				);
				const given = mine.map(({ parameters }) => parameters?.(shop) ?? {});
				const inCollections = (row.collections ?? []).flatMap(({ name, fields }) =>
					fields.map(({ property }) => [name, property.name]),
				);
				return inCollections
					.filter(([name, key]) => !given.some((all) => Object.hasOwn(Object(all[name]), key)))
					.map((path) => `${String(option.value)} ${String(row.option.value)}: ${path.join('.')}`);
			}),
		);
		expect(unset).toEqual([]);
	});

	it('has the SDK check for every endpoint that the SDK knows', () => {
		const checked = new Set(sdkCases.map(({ endpoint }) => endpoint));
		const known = Object.entries(endpoints).filter(([, { inSdk }]) => inSdk);
		expect(known.filter(([name]) => !checked.has(name as never)).map(([name]) => name)).toEqual([]);
	});
});
