import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeProperties, INodePropertyCollection, INodePropertyOptions } from 'n8n-workflow';

import { Pocketsflow } from '../../../nodes/Pocketsflow/Pocketsflow.node';
import { PocketsflowTrigger } from '../../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { getAllFields } from '../../../nodes/Pocketsflow/actions/operation';
import { resources } from '../../../nodes/Pocketsflow/actions/resources';

const node = new Pocketsflow();

type Nested = INodeProperties | INodePropertyCollection | INodePropertyOptions;

const isProperty = (entry: Nested): entry is INodeProperties => 'type' in entry;

function withNested(property: INodeProperties): INodeProperties[] {
	const nested = (property.options ?? []).flatMap((entry) =>
		'values' in entry
			? entry.values.flatMap(withNested)
			: isProperty(entry)
				? withNested(entry)
				: [],
	);
	return [property, ...nested];
}

const all = node.description.properties.flatMap(withNested);
const notices = all.filter(({ type }) => type === 'notice');
const parameters = all.filter(({ type }) => type !== 'notice');
const titles = parameters.map((property): [string, INodeProperties] => [
	`${JSON.stringify(property.displayOptions?.show ?? {})} ${property.name}`,
	property,
]);
const operations = resources.flatMap(({ option, operations: rows }) =>
	rows.map((row): [string, (typeof rows)[number]] => [
		`${String(option.value)} ${String(row.option.value)}`,
		row,
	]),
);

const smallWords = /^(a|an|and|by|for|of|or|the|to)$/;
const isTitleCase = (text: string) =>
	text.split(/[\s-]/).every((word) => smallWords.test(word) || /^[(\dA-Z]/.test(word));

const sorted = (names: string[]) => [...names].sort((a, b) => a.localeCompare(b));

describe('the texts of every parameter follow the guidelines', () => {
	it.each(titles)('%s', (_title, property) => {
		const { displayName, description = '', type, options = [], placeholder, name } = property;
		expect(displayName).not.toBe('');
		expect(isTitleCase(displayName)).toBe(true);
		expect(property.default).toBeDefined();

		const isSelector = name === 'resource' || name === 'operation';
		const isRow = name === 'key' || name === 'value';
		if (!isSelector && !isRow) {
			expect(description).toMatch(/^[A-Z0-9]/);
			expect(description.trim()).toBe(description);
			// One sentence has no period, several have one each.
			const sentences = description.split(/[.:] (?=[A-Z])/).length;
			if (/\. [A-Z]/.test(description)) expect(description).toMatch(/\.$/);
			else if (sentences === 1) expect(description).not.toMatch(/\.$/);
		}
		if (type === 'boolean') expect(description).toMatch(/^Whether /);
		if (placeholder && type !== 'collection' && type !== 'fixedCollection')
			expect(placeholder).toMatch(/^e\.g\. /);

		const names = options.map((option) =>
			'displayName' in option ? option.displayName : option.name,
		);
		expect(names).toEqual(sorted(names));
		expect(new Set(names).size).toBe(names.length);
		if (type === 'options') {
			const values = options.map((option) => (option as INodePropertyOptions).value);
			expect(values).toContain(property.default);
		}
	});
});

describe('the texts of every operation follow the guidelines', () => {
	it.each(operations)('%s', (_title, { option, effect, fields }) => {
		expect(option.name).toMatch(/^[A-Z]/);
		expect(option.action).toMatch(/^[A-Z][a-z ]+$/);
		expect(option.action).not.toMatch(/\b(an?|the)\b/);
		expect(option.description).toMatch(/^[A-Z]/);
		expect(option.description).not.toBe(option.name);
		if (option.value === 'getAll') {
			expect(option.name).toBe('Get Many');
			expect(option.action).toMatch(/^Get many [a-z ]+s$/);
		}
		if (['delete', 'cancel', 'refund'].includes(String(option.value)))
			expect(option.description).toMatch(/permanently|cannot be undone/);
		// n8n describes a tool to an AI agent with nothing but its action.
		expect(/permanently|irreversibl/.test(String(option.action))).toBe(
			/permanently|cannot be undone/.test(String(option.description)),
		);
		expect(/real money in live mode/.test(String(option.action))).toBe(
			/^(Refund|Create a full or partial refund) /.test(String(option.description)),
		);
		expect(effect).toMatch(/^(read|change|create)$/);
		expect(new Set(fields).size).toBe(fields.length);
	});

	it('a resource opens with an operation that only reads, if there is one', () => {
		for (const { option, operations: rows } of resources) {
			const selector = node.description.properties.find(
				({ name, displayOptions }) =>
					name === 'operation' && displayOptions?.show?.resource?.[0] === option.value,
			);
			const initial = rows.find((row) => row.option.value === selector?.default);
			const canRead = rows.some(({ effect }) => effect === 'read');
			expect([option.value, initial?.effect === 'read']).toEqual([option.value, canRead]);
		}
	});
});

// How they end is n8n's rule: test/unit/guidelines.test.ts.
test('notices are sentences', () => {
	expect(notices.length).toBeGreaterThan(2);
	for (const { displayName } of notices) expect(displayName).toMatch(/^[A-Z].* .*[\w.]$/);
});

describe('what a user sees before a mistake', () => {
	const getShown = (resource: string, operation: string) =>
		node.description.properties.filter(({ displayOptions }) => {
			const show = displayOptions?.show;
			return show?.resource?.includes(resource) && show?.operation?.includes(operation);
		});
	const isMoney = ({ name }: INodeProperties) =>
		/^(price|amount|upsellPrice|minPrice|maxPrice)$/.test(name);

	it('every amount says below its field that it is not in cents', () => {
		const amounts = all.filter(isMoney);
		expect(amounts.length).toBeGreaterThan(6);
		for (const { hint } of amounts) expect(hint).toMatch(/not cents/);
	});

	it.each([
		['order', 'get'],
		['order', 'getAll'],
		['order', 'findByMetadata'],
		['payment', 'getAll'],
		['refund', 'create'],
		['refund', 'get'],
		['refund', 'getAll'],
	])('the unit of the amounts that are output: %s %s', (resource, operation) => {
		const texts = getShown(resource, operation).map(({ displayName }) => displayName);
		expect(texts).toContainEqual(
			expect.stringMatching(/main unit of the currency: 29 is \$29\.00/),
		);
	});

	it('a product that is created has no file', () => {
		const [notice] = getShown('product', 'create');
		expect(notice).toMatchObject({ type: 'notice', displayName: expect.stringMatching(/no file/) });
	});

	it('a refund in full is not said to be without an amount', () => {
		const texts = JSON.stringify(getShown('refund', 'create'));
		expect(texts).not.toMatch(/no amount|without an amount/);
	});
});

test('a switch that one adds because one wants the thing begins enabled', () => {
	const added = node.description.properties
		.filter(({ type }) => type === 'collection')
		.flatMap(({ options = [] }) => options as INodeProperties[])
		.filter(({ type }) => type === 'boolean');
	expect(added.length).toBeGreaterThan(10);
	expect(added.filter((property) => property.default !== true)).toEqual([]);
});

test('the subtitle on the canvas has the names that the panel shows', () => {
	const { subtitle = '' } = node.description;
	const evaluate = new Function('$parameter', `return ${subtitle.slice(3, -2)}`) as (
		parameters: Record<string, unknown>,
	) => string;
	for (const { option, operations: rows } of resources)
		for (const row of rows)
			expect(evaluate({ resource: option.value, operation: row.option.value })).toBe(
				`${row.option.name}: ${option.name}`,
			);
});

describe('the search of the editor', () => {
	const getWords = (file: string) => {
		const codex = JSON.parse(
			readFileSync(join(__dirname, '../../../nodes/Pocketsflow', file), 'utf8'),
		) as { alias: string[] };
		return codex.alias;
	};

	it.each([
		'orders',
		'payments',
		'refunds',
		'customers',
		'digital products',
		'e-commerce',
		'ecommerce',
		'store',
		'invoice',
		'checkout',
		'payment',
		'sell',
		'subscription',
	])('finds the nodes by "%s"', (query) => {
		for (const file of [
			'Pocketsflow.node.json',
			'PocketsflowTrigger.node.json',
			'PocketsflowPollingTrigger.node.json',
		])
			expect(
				getWords(file).some((word) => word.startsWith(query) || word.split(' ').includes(query)) ||
					(query === 'ecommerce' && getWords(file).includes('e-commerce')),
			).toBe(true);
	});

	it('says the same of the node and its trigger, which it shows as one', () => {
		expect(new PocketsflowTrigger().description.description).toBe(node.description.description);
	});
});

test('the node has fourteen resources, sorted by name', () => {
	expect(resources.map(({ option }) => option.name)).toEqual([
		'Account',
		'Checkout Session',
		'Customer',
		'Discount',
		'Order',
		'Payment',
		'Product',
		'Product Variant',
		'Refund',
		'Review',
		'Subscription',
		'Subscription Offer',
		'Upsell',
		'Webhook',
	]);
});

test('every panel has its fields in the order of the operation, then its collections', () => {
	for (const { option, operations: rows } of resources) {
		for (const { option: chosen, fields, collections = [] } of rows) {
			const shown = node.description.properties.filter(({ displayOptions }) => {
				const { resource, operation } = displayOptions?.show ?? {};
				return resource?.includes(option.value) && operation?.includes(chosen.value);
			});
			expect(shown.map(({ name }) => name)).toEqual([
				...fields.map(({ property }) => property.name),
				...collections.map(({ name }) => name),
			]);
		}
	}
});

test('no two parameters that show together have the same name', () => {
	for (const { option, operations: rows } of resources) {
		for (const row of rows) {
			const shown = node.description.properties.filter(({ displayOptions }) => {
				const { resource, operation } = displayOptions?.show ?? {};
				return resource?.includes(option.value) && operation?.includes(row.option.value);
			});
			const names = shown.map(({ name }) => name);
			expect([option.value, row.option.value, new Set(names).size]).toEqual([
				option.value,
				row.option.value,
				names.length,
			]);
		}
	}
});

test('every list method exists, and every one is used', () => {
	const used = all.flatMap(({ modes = [], typeOptions }) => [
		...modes.flatMap(({ typeOptions: mode }) => mode?.searchListMethod ?? []),
		...(typeOptions?.loadOptionsMethod === undefined ? [] : [typeOptions.loadOptionsMethod]),
	]);
	const { listSearch, loadOptions } = node.methods;
	expect(sorted([...new Set(used)].map(String))).toEqual(
		sorted([...Object.keys(listSearch), ...Object.keys(loadOptions)]),
	);
});

test('no two pickers have the same method', () => {
	const fields = resources.flatMap((resource) => resource.operations.flatMap(getAllFields));
	const pickers = [...new Set(fields.flatMap(({ picker }) => picker ?? []))];
	const methods = pickers.map(({ method }) => method);
	expect(sorted(methods)).toEqual(sorted([...new Set(methods)]));
});
