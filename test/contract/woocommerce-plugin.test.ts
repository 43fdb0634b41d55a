import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

import { runProgram } from '../harness/programs';
import { ensureProgram } from '../harness/setup/debian';

const root = join(__dirname, '..', '..');
const plugin = join(root, 'examples', 'woocommerce', 'pay-with-pocketsflow.php');
const source = readFileSync(plugin, 'utf8');
const address = 'https://n8n.example.com/webhook/pay';
const installMs = 10 * 60_000;

interface Outcome<Result> {
	result: Result;
	/** The calls that changed the order. */
	order: unknown[][] | null;
	notices: unknown[][];
	adminErrors: string[];
	compatibility: Record<string, unknown>;
	scripts: Record<string, { src: unknown; needed: string[]; inline: string }>;
	textDomains: string[];
}

let php = '';

beforeAll(async () => {
	php = await ensureProgram('php', 'PHP', 'php-cli');
}, installMs);

/** Runs the plugin under PHP, between the parts of WordPress and WooCommerce that test/php plays. */
async function play<Result = Record<string, unknown>>(scenario: {
	do: 'look' | 'load' | 'pay' | 'save' | 'panel' | 'links' | 'blocks';
	woocommerce?: boolean;
	settings?: Record<string, string>;
	order?: { id: number; key: string };
	post?: Record<string, string>;
}): Promise<Outcome<Result>> {
	const { stdout } = await runProgram(php, [join(root, 'test', 'php', 'scenario.php')], {
		input: JSON.stringify(scenario),
	});
	return JSON.parse(stdout) as Outcome<Result>;
}

const enabled = { enabled: 'yes', address };
const order = { id: 57, key: 'wc_order_a1B2c3D4e5F6g' };

it.each(['examples/woocommerce/pay-with-pocketsflow.php', 'test/php/wordpress.php'])(
	'%s is valid PHP',
	async (file) => {
		expect((await runProgram(php, ['-l', join(root, file)])).stdout).toContain('No syntax errors');
	},
);

describe('the file', () => {
	it('the plugin file describes what it is and what it needs', () => {
		const [header] = source.split('*/');
		const fields = Object.fromEntries(
			[...header.matchAll(/^ \* ([A-Z][\w ]+): +(.+)$/gm)].map(([, name, value]) => [name, value]),
		);
		expect(fields).toMatchObject({
			'Plugin Name': 'Pay with Pocketsflow',
			'Requires PHP': '7.4',
			'Requires Plugins': 'woocommerce',
			License: 'MIT',
			'Text Domain': 'pay-with-pocketsflow',
		});
	});

	it('the plugin file does nothing if it is opened outside of WordPress', async () => {
		const { stdout } = await runProgram(php, [plugin]);
		expect(stdout).toBe('');
	});

	it('the plugin file uses nothing newer than the PHP version that it requires', () => {
		const newer =
			/\?->|\bmatch\s*\(|\bfn\s*\(|\benum\b|#\[|\bstr_(contains|starts_with|ends_with)\b/;
		expect(source).not.toMatch(newer);
	});

	it('the plugin file never marks an order as paid and never accesses tables', () => {
		expect(source).not.toMatch(
			/payment_complete|set_date_paid|'processing'|'completed'|post_meta|get_post|wpdb/,
		);
	});

	it('all texts of the plugin are translated under its own name', async () => {
		const { textDomains } = await play({ do: 'look', settings: enabled });
		expect(textDomains).toEqual(['pay-with-pocketsflow']);
		const calls = [...source.matchAll(/\b(?:esc_html)?__\( '(?:[^'\\]|\\.)*', '([^']+)' \)/g)];
		expect(calls.length).toBe([...source.matchAll(/__\( /g)].length);
		expect(new Set(calls.map(([, domain]) => domain))).toEqual(new Set(['pay-with-pocketsflow']));
	});

	it('the plugin does nothing in a WordPress without WooCommerce', async () => {
		expect((await play({ do: 'load', woocommerce: false })).result).toEqual({ loaded: false });
		expect((await play({ do: 'load' })).result).toEqual({ loaded: true });
	});

	it('the plugin declares support for separate order tables and the block checkout', async () => {
		const { compatibility } = await play({ do: 'look' });
		expect(compatibility).toEqual({
			custom_order_tables: ['pay-with-pocketsflow.php', true],
			cart_checkout_blocks: ['pay-with-pocketsflow.php', true],
		});
	});

	it('the list of plugins links to the settings', async () => {
		const { result } = await play<string[]>({ do: 'links' });
		expect(result).toEqual([
			'<a href="https://shop.example.com/wp-admin/admin.php?page=wc-settings&#038;tab=checkout&#038;section=pocketsflow">Settings</a>',
			'Deactivate',
		]);
	});
});

describe('a buyer who pays', () => {
	it('a buyer is sent to the workflow with the number and the key of the order, which stays unpaid', async () => {
		const outcome = await play({ do: 'pay', settings: enabled, order });
		expect(outcome.result).toEqual({
			result: 'success',
			redirect: `${address}?order=57&key=wc_order_a1B2c3D4e5F6g`,
		});
		expect(outcome.order).toEqual([
			['update_status', 'pending'],
			['add_order_note', 'The buyer went to Pocketsflow to pay.'],
		]);
		expect(outcome.notices).toEqual([]);
	});

	it.each([
		['https://n8n.example.com/webhook/pay?shop=1', '?shop=1&order=57&key='],
		['https://n8n.example.com:5678/webhook/pay#top', '/webhook/pay?order=57&key='],
		['http://localhost:5678/webhook/pay', 'http://localhost:5678/webhook/pay?order=57&key='],
	])('a buyer is sent to the workflow address %s', async (ownAddress, part) => {
		const { result } = await play({
			do: 'pay',
			settings: { enabled: 'yes', address: ownAddress },
			order,
		});
		expect(result.redirect).toContain(part);
	});

	it('the key of the order cannot add anything to the address', async () => {
		const { result } = await play({
			do: 'pay',
			settings: enabled,
			order: { id: 57, key: 'a&order=1#b c' },
		});
		expect(new URL(String(result.redirect)).searchParams.getAll('order')).toEqual(['57']);
		expect(new URL(String(result.redirect)).searchParams.get('key')).toBe('a&order=1#b c');
	});

	it.each([
		['no address is set', { settings: { enabled: 'yes', address: '' }, order }],
		['the address is not encrypted', { settings: { ...enabled, address: 'http://a.b/c' }, order }],
		['there is no such order', { settings: enabled }],
	])('a buyer sees an error and nothing changes if %s', async (_when, scenario) => {
		const outcome = await play({ do: 'pay', ...scenario });
		expect(outcome.result).toEqual({ result: 'failure' });
		expect(outcome.notices).toEqual([
			['error', 'This payment method is not available right now. Please choose another one.'],
		]);
		expect(outcome.order ?? []).toEqual([]);
	});
});

describe('the settings', () => {
	it('the settings start disabled, with texts for buyers and without an address', async () => {
		expect((await play({ do: 'look' })).result).toEqual({
			id: 'pocketsflow',
			title: 'Pay with Pocketsflow',
			supports: ['products'],
			available: false,
			needs_setup: true,
			fields: ['enabled', 'address', 'title', 'description'],
		});
		expect((await play({ do: 'look', settings: enabled })).result).toMatchObject({
			available: true,
			needs_setup: false,
		});
	});

	it.each([
		['https://n8n.example.com/webhook/pay'],
		['HTTPS://N8N.example.com/webhook/pay'],
		['http://localhost:5678/webhook/pay'],
		['http://127.0.0.1:5678/webhook/pay'],
		['http://[::1]:5678/webhook/pay'],
		["  https://n8n.example.com/o'brien "],
	])('the settings accept the address %p', async (typed) => {
		const { result, adminErrors } = await play({
			do: 'save',
			post: { enabled: 'yes', address: typed },
		});
		expect(adminErrors).toEqual([]);
		expect(String(result.address).toLowerCase()).toBe(typed.trim().toLowerCase());
	});

	it.each([
		['', 'is empty'],
		['   ', 'is empty'],
		['n8n.example.com/webhook/pay', 'is not a web address'],
		['javascript:alert(1)', 'is not a web address'],
		['ftp://n8n.example.com/pay', 'is not a web address'],
		['https:///webhook/pay', 'is not a web address'],
		['http://n8n.example.com/webhook/pay', 'begins with http://'],
		['http://localhost.example.com/webhook/pay', 'begins with http://'],
		['https://n8n.example.com/webhook-test/pay', 'is the test URL'],
	])(
		'the settings refuse the address %p with a reason and keep the previous one',
		async (typed, reason) => {
			const outcome = await play({
				do: 'save',
				settings: enabled,
				post: { enabled: 'yes', address: typed, title: 'New title' },
			});
			expect(outcome.adminErrors).toEqual([expect.stringContaining(reason)]);
			expect(outcome.result).toMatchObject({ address, title: 'New title' });
		},
	);

	it('the settings show why buyers are not offered the payment method', async () => {
		const show = async (settings: Record<string, string>) =>
			(await play<{ html: string }>({ do: 'panel', settings })).result.html;
		const table = '<table class="form-table"></table>';
		expect(await show(enabled)).toBe(table);
		expect(await show({ enabled: 'no', address: '' })).toBe(table);
		expect(await show({ enabled: 'yes', address: '' })).toMatch(
			/^<div class="notice notice-error inline"><p>The workflow address is empty\. .*<\/p><\/div><table/,
		);
	});
});

describe('the checkout of blocks', () => {
	interface Registered {
		active: boolean;
		handles: string[];
		data: { title: string; description: string; supports: string[] };
	}

	it.each([
		['by current versions', (data: unknown) => ({ paymentMethodData: { pocketsflow: data } })],
		['by older versions', (data: unknown) => ({ pocketsflow_data: data })],
	])(
		'the block checkout gets a script that registers the payment method, with data as given %s',
		async (_when, give) => {
			const settings = { ...enabled, title: 'Card &amp; more', description: 'It’s "quick"' };
			const { result, scripts } = await play<Registered>({ do: 'blocks', settings });
			expect(result).toEqual({
				active: true,
				handles: ['pay-with-pocketsflow'],
				data: { title: 'Card &amp; more', description: 'It’s "quick"', supports: ['products'] },
			});
			const script = scripts['pay-with-pocketsflow'];
			expect(script.src).toBe(false);

			const registered: Array<Record<string, unknown>> = [];
			const used = new Set<string>();
			const part = <T extends object>(handle: string, value: T) =>
				new Proxy(value, {
					get(target, name) {
						used.add(handle);
						return Reflect.get(target, name) as unknown;
					},
				});
			const stored: Record<string, unknown> = give(result.data);
			runInNewContext(script.inline, {
				wc: {
					wcBlocksRegistry: part('wc-blocks-registry', {
						registerPaymentMethod: (method: Record<string, unknown>) => registered.push(method),
					}),
					wcSettings: part('wc-settings', {
						getSetting: (name: string, standard: unknown) => stored[name] ?? standard,
					}),
				},
				wp: {
					element: part('wp-element', { createElement: (render: () => string) => ({ render }) }),
					htmlEntities: part('wp-html-entities', {
						decodeEntities: (text: string) => text.replace('&amp;', '&'),
					}),
				},
			});
			expect(registered).toHaveLength(1);
			const [method] = registered;
			expect(method).toMatchObject({
				name: 'pocketsflow',
				label: 'Card & more',
				ariaLabel: 'Card & more',
				supports: { features: ['products'] },
			});
			const { render } = method.content as { render: () => string };
			expect(render()).toBe('It’s "quick"');
			expect((method.canMakePayment as () => boolean)()).toBe(true);
			expect([...used].sort()).toEqual([...script.needed].sort());
		},
	);

	it('the block checkout gets nothing while buyers cannot use the payment method', async () => {
		const { result, scripts } = await play<Registered>({
			do: 'blocks',
			settings: { enabled: 'yes', address: '' },
		});
		expect(result).toEqual({ active: false, handles: [], data: null });
		expect(scripts).toEqual([]);
	});
});
