import { mkdir } from 'node:fs/promises';

import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { N8nClient, type StoredWorkflow } from '../test/harness/n8n/client';
import { ensureN8n } from '../test/harness/n8n/install';
import { type RunningN8n, startN8n } from '../test/harness/n8n/start';
import { findFreePort, isPortFree } from '../test/harness/ports';
import { ensureBuilt } from '../test/harness/setup/build';
import { withProgress } from '../test/harness/setup/progress';
import { openShop, type Shop } from '../test/harness/woocommerce/shop';
import { ensureCredentials } from './credentials';
import type { Account } from './example-workflows';
import { buildFirstMinutes, buildSteps, type Step } from './first-minutes';
import { importAll, type ImportedExample, importTagged } from './import-all';
import { type KeptData, readKeptData, readSnapshot, writeKeptData } from './kept-data';

/** How to start a demo. */
export interface DemoOptions {
	/** The folder to keep everything in, and to go on with. */
	folder?: string;
	/** The port of n8n. */
	port?: number;
	/** An account at Pocketsflow itself, in place of the sandbox. */
	realAccount?: Account;
	/** The public address of n8n. */
	publicUrl?: string;
}

/** What runs, as far as it has been started: enough to stop it at any moment. */
export interface Running {
	sandbox?: Sandbox;
	wooCommerce?: Shop;
	n8n?: RunningN8n;
	/** What the next demo needs to go on with this one. */
	kept?: KeptData;
}

/** A demo that is ready. */
export interface Demo {
	account: Account;
	n8n: RunningN8n;
	client: N8nClient;
	imported: ImportedExample[];
	settle: StoredWorkflow;
	steps: Step[];
	/** The address of the workflow with the first steps. */
	startHereUrl: string;
	/** Whether Pocketsflow can deliver to this n8n. */
	canReceive: boolean;
	/** The address that a buyer opens to pay for an order. */
	getSellUrl(orderNumber: string, productName?: string): string;
}

/** A free port: the one that was used before, if any; an error where something else has it now. */
async function claimPort(port: number | undefined, what: string): Promise<number> {
	if (port === undefined) return findFreePort();
	if (await isPortFree(port)) return port;
	throw new Error(`Port ${port} of ${what} is taken: end what uses it, and start again.`);
}

async function startShops(
	running: Running,
	{ folder }: DemoOptions,
	earlier: KeptData | undefined,
): Promise<Account> {
	const snapshot = folder ? await readSnapshot(folder) : undefined;
	const sandbox = await startSandbox({
		port: await claimPort(earlier?.sandboxPort, 'the sandbox'),
		storeName: 'Demo Store',
		seed: true,
		...(earlier?.testKey && { testKey: earlier.testKey }),
		...(earlier?.liveKey && { liveKey: earlier.liveKey }),
		...(snapshot && { snapshot }),
	});
	running.sandbox = sandbox;
	running.wooCommerce = await openShop({
		products: [
			{ name: 'Brush set', regular_price: '19.00' },
			{ name: 'Poster templates', regular_price: '24.00' },
		],
	});
	return { apiKey: sandbox.testKey, baseUrl: sandbox.url };
}

function findWorkflow(imported: ImportedExample[], file: string): StoredWorkflow {
	const found = imported.find(({ example }) => example.file === file);
	if (!found) throw new Error(`The workflow of examples/${file}.json is not in this n8n any more.`);
	return found.workflow;
}

/** What the workflow "sell" sells unless its address says otherwise. */
export const defaultProduct = 'Icon pack';

function createSellUrl(client: N8nClient, sell: StoredWorkflow): Demo['getSellUrl'] {
	const isStart = ({ parameters: { path } }: StoredWorkflow['nodes'][number]) => path === 'sell';
	const start = sell.nodes.find(isStart);
	if (!start)
		throw new Error('The workflow that sells has no webhook with the path "sell" any more.');
	const address = client.webhookUrl(sell, start.name);
	return (orderNumber, product) => {
		const query = new URLSearchParams({ order: orderNumber, ...(product && { product }) });
		return `${address}?${query.toString()}`;
	};
}

function collectIds(imported: ImportedExample[]): Record<string, string> {
	const entries = imported.map(({ example, workflow }) => [example.file, workflow.id]);
	return Object.fromEntries(entries) as Record<string, string>;
}

/** Starts shops and n8n, and imports all that is missing. `running` says what runs if it fails. */
export async function startDemo(running: Running, options: DemoOptions): Promise<Demo> {
	const { folder, realAccount, publicUrl } = options;
	if (folder) await mkdir(folder, { recursive: true });
	const earlier = folder ? await readKeptData(folder) : undefined;
	await ensureN8n();
	await ensureBuilt();
	const account = realAccount ?? (await startShops(running, options, earlier));
	const port = await claimPort(options.port ?? earlier?.n8nPort, 'n8n');
	const n8n = await withProgress('Starting n8n', () =>
		startN8n({
			port,
			...(folder && { userFolder: folder }),
			...(realAccount && publicUrl && { webhookUrl: publicUrl }),
		}),
	);
	running.n8n = n8n;
	const client = await N8nClient.connect(n8n);
	const { sandbox, wooCommerce } = running;
	const target = {
		client,
		credentials: await ensureCredentials(client, account, wooCommerce, earlier?.credentials),
		shop: { account, ...(wooCommerce && { wooCommerce: { url: wooCommerce.url } }) },
		version: n8n.installation.version,
		canReceive: !realAccount || publicUrl !== undefined,
		known: earlier?.workflows ?? {},
	};
	const imported = await withProgress('Importing the examples', () => importAll(target));
	const settle = findWorkflow(imported, 'settle');
	const sell = findWorkflow(imported, 'sell');
	const getSellUrl = createSellUrl(client, sell);
	const openEditor = (id: string) => `${n8n.url}/workflow/${id}`;
	const steps = buildSteps({
		n8n: n8n.url,
		store: sandbox?.url ?? getSellUrl('A-1001'),
		...(sandbox && { dashboard: `${sandbox.url}/dashboard` }),
		sell: openEditor(sell.id),
		settle: openEditor(settle.id),
	});
	const startHere =
		earlier?.workflows.startHere ??
		(await importTagged(target, buildFirstMinutes(steps), ['Start here'])).id;
	running.kept = {
		n8nPort: port,
		...(sandbox && { sandboxPort: Number(new URL(sandbox.url).port) }),
		...(sandbox && { testKey: sandbox.testKey, liveKey: sandbox.liveKey }),
		credentials: Object.fromEntries(target.credentials.map(({ type, id }) => [type, id])),
		workflows: { ...target.known, ...collectIds(imported), startHere },
	};
	if (folder) await writeKeptData(folder, running.kept);
	sandbox?.setLinks({
		n8nUrl: n8n.url,
		getBuyUrl: (product, orderNumber) =>
			canSell(sell, product) ? getSellUrl(orderNumber, product) : undefined,
	});
	const startHereUrl = openEditor(startHere);
	const { canReceive } = target;
	return { account, n8n, client, imported, settle, steps, startHereUrl, canReceive, getSellUrl };
}

/** Whether the workflow sells a product: every one, if its "Set up" reads the product of the address. */
function canSell({ nodes }: StoredWorkflow, product: string): boolean {
	return product === defaultProduct || JSON.stringify(nodes).includes('query.product');
}
