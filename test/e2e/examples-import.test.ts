import { createRequire } from 'node:module';
import { join } from 'node:path';

import axios from 'axios';

import type { StoredWorkflow } from '../harness/n8n/client';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';

type Row = Record<string, string | number>;

interface Product {
	_id: string;
	name: string;
	price: number;
	currency: string;
	description?: string;
	published: boolean;
}

/** What the form shows in the end, and the table that it returns. */
interface Ending {
	title: string;
	text: string;
	rows: Row[];
}

interface SpreadsheetLibrary {
	read(file: Buffer): { SheetNames: string[]; Sheets: Record<string, object> };
	write(workbook: object, options: object): Buffer;
	utils: {
		sheet_to_json(sheet: object): Row[];
		json_to_sheet(rows: Row[]): object;
		book_new(): object;
		book_append_sheet(workbook: object, sheet: object): void;
	};
}

let workflow: StoredWorkflow;
/** n8n's own library for spreadsheets. */
let xlsx: SpreadsheetLibrary;

setUpShop({});

beforeAll(async () => {
	const { n8n } = shop.environment;
	({ workflow } = await shop.openExample('import-products'));
	const n8nPackage = join(n8n.installation.dir, 'node_modules', 'n8n-nodes-base', 'package.json');
	const requireAsN8n = createRequire(n8nPackage);
	const { dependencies } = requireAsN8n('./package.json') as { dependencies: object };
	// n8n changed from the one library to the other.
	xlsx = requireAsN8n('@e965/xlsx' in dependencies ? '@e965/xlsx' : 'xlsx') as SpreadsheetLibrary;
});

afterEach(() => shop.environment.sandbox.setSwitches({ rateLimit: true }));

const header = 'name,price,currency,description,pocketsflow_id';
const buildCsv = (...rows: string[]) => Buffer.from([header, ...rows, ''].join('\r\n'));

function buildXlsx(rows: Row[]): Buffer {
	const workbook = xlsx.utils.book_new();
	xlsx.utils.book_append_sheet(workbook, xlsx.utils.json_to_sheet(rows));
	return xlsx.write(workbook, { type: 'buffer', bookType: 'xlsx' });
}

/** Uploads a list in the published form, as a browser does, and reads the page at the end. */
async function upload(content: Buffer, fileName = 'products.csv'): Promise<Ending> {
	const { client, n8n } = shop.environment;
	const http = axios.create({ proxy: false, timeout: 30_000 });
	const form = workflow.nodes.find(({ type }) => type === 'n8n-nodes-base.formTrigger');
	const fields = new FormData();
	fields.append('field-0', new Blob([new Uint8Array(content)]), fileName);
	const { data } = await http.post<{ formWaitingUrl: string }>(
		`${n8n.url}/form/${form?.webhookId}`,
		fields,
	);
	await until('the last page of the form', async () => {
		const [latest] = await client.executions(workflow.id);
		return latest.status === 'waiting';
	});
	const page = await http.get<string>(data.formWaitingUrl);
	// The page itself says so once it is shown, and the execution ends.
	await http.post(data.formWaitingUrl, {});
	await client.waitUntilIdle(workflow.id);
	return readEnding(page.data);
}

interface FormFile {
	data: string | { type: 'Buffer'; data: number[] };
}

function readEnding(page: string): Ending {
	// As the page's own script reads it: older n8n writes one file there, as text; newer n8n a list, as bytes.
	const text = /JSON\.parse\(decodeURIComponent\("([^"]+)"\)\)/.exec(page)?.[1];
	const [file] = text ? [JSON.parse(decodeURIComponent(text)) as FormFile | FormFile[]].flat() : [];
	return {
		title: /<h1>([^<]*)<\/h1>/.exec(page)?.[1] ?? '',
		text: /<p[^>]*>([^<]*)<\/p>/.exec(page)?.[1] ?? '',
		rows: file ? readXlsx(file) : [],
	};
}

function readXlsx({ data }: FormFile): Row[] {
	const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data.data);
	const { SheetNames, Sheets } = xlsx.read(bytes);
	return xlsx.utils.sheet_to_json(Sheets[SheetNames[0]]);
}

const listProducts = async () => (await shop.environment.api.get<Product[]>('/products')).data;

/** The requests that change something, since `before` requests. */
const countChanges = (before: number) =>
	shop.environment.sandbox.requests.slice(before).filter(({ method }) => method !== 'GET').length;

const getNames = (products: Product[]) => products.map(({ name }) => name).sort();

let list: Row[];

test('creates a product for each row, and gives the list back with the IDs', async () => {
	const { title, rows } = await upload(
		buildCsv('Icon pack,29.99,EUR,"200 icons, one file",', 'Häkelbuch 🧶,12,,,', 'UI kit,49,,,'),
	);

	expect(title).toBe('All rows are done');
	expect(rows).toMatchObject([
		{ name: 'Icon pack', price: '29.99', currency: 'EUR', result: 'created' },
		{ name: 'Häkelbuch 🧶', result: 'created' },
		{ name: 'UI kit', result: 'created' },
	]);
	const products = await listProducts();
	expect(products.map(({ _id, name, price, currency }) => [_id, name, price, currency])).toEqual(
		expect.arrayContaining([
			[rows[0].pocketsflow_id, 'Icon pack', 29.99, 'EUR'],
			[rows[1].pocketsflow_id, 'Häkelbuch 🧶', 12, 'USD'],
			[rows[2].pocketsflow_id, 'UI kit', 49, 'USD'],
		]),
	);
	expect(products).toHaveLength(3);
	list = rows;
});

test('run twice: what is there is found by its ID or its name, and only changes are sent', async () => {
	const before = shop.environment.sandbox.requests.length;
	const byName = await upload(buildCsv('Icon pack,29.99,EUR,,', 'UI kit,49,,,'));
	expect(byName.rows.map(({ result }) => result)).toEqual(['unchanged', 'unchanged']);
	expect(byName.rows.map(({ pocketsflow_id }) => pocketsflow_id)).toEqual([
		list[0].pocketsflow_id,
		list[2].pocketsflow_id,
	]);
	expect(countChanges(before)).toBe(0);

	const [first, ...others] = list;
	const changed = { ...first, name: 'Icon pack 2', price: 35 };
	const { rows } = await upload(buildXlsx([changed, ...others]), 'List.XLSX');
	expect(rows.map(({ result }) => result)).toEqual(['updated', 'unchanged', 'unchanged']);
	expect(countChanges(before)).toBe(1);
	const products = await listProducts();
	expect(getNames(products)).toEqual(['Häkelbuch 🧶', 'Icon pack 2', 'UI kit']);
	expect(products.find(({ _id }) => _id === first.pocketsflow_id)).toMatchObject({
		name: 'Icon pack 2',
		price: 35,
		currency: 'EUR',
		description: '200 icons, one file',
	});
});

test('invalid rows are reported with their numbers, and nothing is sent', async () => {
	const before = shop.environment.sandbox.requests.length;
	const { title, text, rows } = await upload(
		buildCsv(
			'Good,10,,,',
			'"Comma price","29,99",,,',
			',5,,,',
			'Twice,5,,,',
			'Twice,6,,,',
			'Odd currency,5,dollars,,',
			'Gone,5,,,6a5000000000000000000001',
		),
	);

	expect(title).toBe('Nothing was sent');
	expect(rows).toEqual([]);
	expect(text.match(/Row \d+/g)).toEqual(['Row 3', 'Row 4', 'Row 6', 'Row 7', 'Row 8']);
	expect(text).toContain('Row 8 (Gone): there is no product with the ID 6a5000000000000000000001');
	expect(countChanges(before)).toBe(0);
	expect(await listProducts()).toHaveLength(3);
});

test.each([
	['without rows', Buffer.from(`${header}\n`), 'The list has no rows.'],
	['with other columns', Buffer.from('name;price\nIcons;5\n'), 'The list needs the columns'],
])('a list %s is reported, not ignored', async (_which, content, message) => {
	const { title, text } = await upload(content);
	expect(title).toBe('Nothing was sent');
	expect(text).toContain(message);
});

test('a row that fails says so, the others are done, and the same list does the rest', async () => {
	shop.environment.sandbox.setSwitches({
		faults: [
			{ method: 'POST', path: '/products', kind: 'answer', status: 500, count: 1 },
			// A product that was deleted after the list of products was read.
			{
				method: 'POST',
				path: `/products/update/${list[2].pocketsflow_id}`,
				kind: 'answer',
				status: 404,
				count: 1,
			},
		],
	});
	const wanted: Row[] = [
		{ name: 'Fonts', price: 19 },
		{ name: 'Brushes', price: 9 },
		{ ...list[2], price: 59 },
	];
	const failed = await upload(buildXlsx(wanted), 'list.xlsx');
	expect(failed.title).toBe('Some rows failed');
	expect(failed.text).toContain('failed');
	const results = failed.rows.map(({ result }) => String(result));
	expect(results.filter((result) => result.startsWith('failed'))).toHaveLength(2);
	expect(results[2]).toMatch(/^failed/);
	expect(results).toContain('created');

	shop.environment.sandbox.setSwitches({ faults: [] });
	const again = await upload(buildXlsx(failed.rows), 'list.xlsx');
	expect(again.title).toBe('All rows are done');
	expect(again.rows.map(({ result }) => result).sort()).toEqual([
		'created',
		'unchanged',
		'updated',
	]);
	expect(getNames(await listProducts())).toEqual([
		'Brushes',
		'Fonts',
		'Häkelbuch 🧶',
		'Icon pack 2',
		'UI kit',
	]);
});

test('a create whose answer is lost makes no second product on the next run', async () => {
	shop.environment.sandbox.setSwitches({
		faults: [{ method: 'POST', path: '/products', kind: 'reset', when: 'after', count: 1 }],
	});
	const lost = await upload(buildCsv('Textures,15,,,'));
	expect(lost.rows).toMatchObject([{ result: expect.stringMatching(/^failed: .*unknown/) }]);

	shop.environment.sandbox.setSwitches({ faults: [] });
	const again = await upload(buildXlsx(lost.rows), 'list.xlsx');
	expect(again.rows).toMatchObject([{ name: 'Textures', result: 'unchanged' }]);
	expect(getNames(await listProducts()).filter((name) => name === 'Textures')).toHaveLength(1);
});

test('a refusal for too many requests is waited for', async () => {
	shop.environment.sandbox.setSwitches({
		faults: [
			{
				method: 'POST',
				path: '/products',
				kind: 'answer',
				status: 429,
				count: 2,
				headers: { 'retry-after': '1' },
			},
		],
	});
	const { rows } = await upload(buildCsv('Mockups,5,,,', 'Sounds,5,,,'));
	expect(rows.map(({ result }) => result)).toEqual(['created', 'created']);
});
