import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import axios from 'axios';

import { examples } from '../../demo/examples';
import { ensureBuilt } from '../harness/setup/build';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { ensureN8n } from '../harness/n8n/install';
import { until } from '../harness/until';

const root = join(__dirname, '..', '..');
const http = axios.create({ proxy: false, validateStatus: () => true });

/** `npm run demo` as a process without a terminal, and what it prints. */
class DemoProcess {
	printed = '';

	readonly ended: Promise<number | null>;

	private readonly process: ChildProcess;

	constructor(...options: string[]) {
		const command = ['test/harness/setup/run.mjs', 'demo/demo.ts', ...options];
		this.process = spawn(process.execPath, command, {
			cwd: root,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		for (const stream of [this.process.stdout, this.process.stderr])
			stream?.on('data', (chunk: Buffer) => (this.printed += chunk.toString()));
		this.ended = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
	}

	signal(name: NodeJS.Signals): void {
		this.process.kill(name);
	}

	async waitUntilReady(): Promise<void> {
		await until('the demo to be ready', () => this.printed.includes('Waiting for paid'), {
			withinMs: 240_000,
		});
	}

	/** What stands behind a word at the beginning of a line. */
	read(name: string): string {
		const [, value] = new RegExp(`^ *${name} +(\\S+)`, 'm').exec(this.printed) ?? [];
		if (!value) throw new Error(`The demo printed no "${name}":\n${this.printed}`);
		return value;
	}
}

const isUp = async (url: string) => (await http.get(url).catch(() => undefined)) !== undefined;

const listProducts = (url: string, key: string) =>
	http.get<Array<{ name: string }>>(`${url}/products`, {
		headers: { authorization: `Bearer ${key}` },
	});

beforeAll(async () => {
	await ensureN8n();
	await ensureBuilt();
}, installationTimeoutMs);

describe('npm run demo', () => {
	test('npm run demo -- --check makes a purchase, and every example passes', async () => {
		const demo = new DemoProcess('--check');
		const code = await demo.ended;
		const total = examples.length;
		expect(demo.printed).toContain(`${total} of ${total} examples passed`);
		expect(code).toBe(0);
		expect(demo.printed).toMatch(/orderId: 'CHECK-/);
	}, 400_000);

	test('npm run demo -- --data keeps everything in its folder, and goes on with it', async () => {
		const folder = await mkdtemp(join(tmpdir(), 'pocketsflow-demo-'));
		try {
			const first = new DemoProcess('--data', folder);
			await first.waitUntilReady();
			const [key, store, n8n] = ['test key', 'store', 'n8n'].map((name) => first.read(name));
			const product = { name: 'Made in the first demo', price: 1 };
			await http.post(`${store}/products`, product, {
				headers: { authorization: `Bearer ${key}` },
			});
			first.signal('SIGTERM');
			expect(await first.ended).toBe(0);
			expect(first.printed).toContain(`Your data is in ${folder}`);
			expect([await isUp(n8n), await isUp(store)]).toEqual([false, false]);

			const second = new DemoProcess('--data', folder);
			await second.waitUntilReady();
			expect(['test key', 'store', 'n8n'].map((name) => second.read(name))).toEqual([
				key,
				store,
				n8n,
			]);
			const { data } = await listProducts(store, key);
			expect(data.map(({ name }) => name)).toContain('Made in the first demo');
			const endpoints = await http.get<unknown[]>(`${store}/webhooks`, {
				headers: { authorization: `Bearer ${key}` },
			});
			const endpointUrls = new Set(
				(endpoints.data as Array<{ url: string }>).map(({ url }) => url),
			);
			expect(endpoints.data).toHaveLength(endpointUrls.size);
			second.signal('SIGINT');
			expect(await second.ended).toBe(0);
		} finally {
			await rm(folder, { recursive: true, force: true, maxRetries: 3 });
		}
	}, 600_000);

	test('Ctrl-C ends a demo without a terminal: it deletes everything, says so, and leaves nothing running', async () => {
		const demo = new DemoProcess();
		await demo.waitUntilReady();
		const urls = ['n8n', 'store', 'WooCommerce'].map((name) => demo.read(name));
		for (const url of urls) expect(await isUp(url)).toBe(true);
		const page = await http.get<string>(urls[1], { headers: { accept: 'text/html' } });
		expect(page.data).toContain('Demo Store');
		demo.signal('SIGINT');
		expect(await demo.ended).toBe(0);
		expect(demo.printed).toContain('This n8n and everything that you created in it were deleted');
		for (const url of urls) expect(await isUp(url)).toBe(false);
	}, 300_000);
});
