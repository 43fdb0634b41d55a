import { contract, resolveRef, type Schema } from '../../sandbox/contract/document';
import { createCompiler } from '../../sandbox/contract/validation';
import { endpoints, type EndpointName } from '../../sandbox/endpoints';
import type { Sandbox } from '../../sandbox/sandbox';
import { cases } from '../engine/operations';
import {
	buildEndpointPath,
	openSandbox,
	stockSandbox,
	type StockedSandbox,
} from '../engine/stockedSandbox';

let sandbox: Sandbox;
let shop: StockedSandbox;

beforeAll(async () => (sandbox = await openSandbox()));
beforeEach(async () => (shop = await stockSandbox(sandbox)));
afterAll(async () => await sandbox.close());

const compile = createCompiler({ coerceTypes: false, removeAdditional: false, allErrors: true });
const compileQuery = createCompiler({ coerceTypes: true, removeAdditional: false });

/** What a value breaks of a schema of the contract. */
function findViolations(schema: Schema, value: unknown, isQuery = false): string[] {
	const validate = (isQuery ? compileQuery : compile)({ schema });
	validate(structuredClone(value));
	return (validate.errors ?? []).map(
		({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`,
	);
}

/** The fields of a value, at any depth, that a schema of the contract does not have. */
function findUnknown(reference: Schema, value: unknown, path = ''): string[] {
	const inContract = reference.$ref?.replace(/^contract/, '');
	const { properties, items, anyOf } = resolveRef(
		contract,
		inContract === undefined ? reference : { $ref: inContract },
	);
	if (Array.isArray(value)) {
		return value.flatMap((entry) => findUnknown(items ?? {}, entry, `${path}[]`));
	}
	if (anyOf) {
		const found = anyOf.map((part) => findUnknown(part, value, path));
		return found.reduce((one, other) => (other.length < one.length ? other : one));
	}
	if (!properties || typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([name, inner]) =>
		Object.hasOwn(properties, name)
			? findUnknown(properties[name], inner, `${path}.${name}`)
			: [`${path}.${name}`],
	);
}

const titledCases = cases.flatMap((each) =>
	each.endpoint === undefined
		? []
		: [
				{
					...each,
					endpoint: each.endpoint,
					title: [`${each.resource}: ${each.operation}`, each.about].filter(Boolean).join(', '),
				},
			],
);

/** Where the contract has the schema of the response of an endpoint that succeeds. */
function locateAnswer(name: EndpointName): string {
	const { method, path: route } = endpoints[name];
	const path = route.replace(':id', '{id}');
	const verb = method.toLowerCase() as 'get';
	const [status, { $ref }] = Object.entries(contract.paths[path][verb]?.responses ?? {}).find(
		([code]) => code.startsWith('2'),
	)!;
	const response = $ref ?? `#/paths/${path.replaceAll('/', '~1')}/${verb}/responses/${status}`;
	return `${response}/content/application~1json/schema`;
}

describe('The contract in sandbox/openapi.yaml', () => {
	// test/engine/operations.test.ts proves that the action node sends exactly what these cases say,
	// and that they set every field of every operation.
	it.each(titledCases)('has every field that the action node sends: $title', (each) => {
		const { query, body } = endpoints[each.endpoint];
		const sentQuery = each.query?.(shop) ?? {};
		const sentBody = each.body?.(shop);
		expect(findViolations(query ?? {}, sentQuery, true)).toEqual([]);
		expect(findUnknown(query ?? { properties: {} }, sentQuery)).toEqual([]);
		expect(sentBody === undefined).toBe(body === undefined);
		expect(findViolations(body ?? {}, sentBody)).toEqual([]);
		expect(findUnknown(body ?? {}, sentBody)).toEqual([]);
	});

	const callsByEndpoint = Object.fromEntries(titledCases.map((each) => [each.endpoint, each]));

	it.each(Object.values(callsByEndpoint))(
		'has every field that the sandbox answers: $endpoint',
		async (each) => {
			const query = new URLSearchParams(each.query?.(shop)).toString();
			const body = each.body?.(shop);
			const path = buildEndpointPath(each.endpoint, each.id?.(shop));
			const response = await fetch(`${sandbox.url}${path}?${query}`, {
				method: endpoints[each.endpoint].method,
				headers: { authorization: `Bearer ${sandbox.testKey}` },
				...(body && { body: JSON.stringify(body) }),
			});
			expect(response.ok).toBe(true);
			const answer = (await response.json()) as unknown;
			const location = locateAnswer(each.endpoint);
			expect(findUnknown({ $ref: location }, answer)).toEqual([]);
			expect(findViolations({ $ref: `contract${location}` }, answer)).toEqual([]);
		},
	);
});
