import { mkdir } from 'node:fs/promises';

import axios from 'axios';

import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { N8nClient, type StoredWorkflow, type WorkflowNode } from '../test/harness/n8n/client';
import { ensureN8n } from '../test/harness/n8n/install';
import { MailServer } from '../test/harness/mailServer';
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

export interface DemoOptions {
	folder?: string;
	port?: number;
	/** An account in Pocketsflow itself, instead of the sandbox. */
	realAccount?: Account;
	publicUrl?: string;
}

/** What runs, as far as it has been started: enough to stop it at any moment. */
export interface Running {
	sandbox?: Sandbox;
	wooCommerce?: Shop;
	/** Takes the emails of the examples, and sends none on. */
	mailServer?: MailServer;
	n8n?: RunningN8n;
	/** What the next demo needs to go on with this one. */
	kept?: KeptData;
}

export interface Demo {
	account: Account;
	n8n: RunningN8n;
	client: N8nClient;
	imported: ImportedExample[];
	quickStart: StoredWorkflow;
	steps: Step[];
	startHereUrl: string;
	openEditor(workflowId: string): string;
	/** Whether Pocketsflow can deliver to this n8n. */
	canReceive: boolean;
	/** The address that a buyer opens to pay. `productId` is the default product unless given. */
	getBuyUrl(orderNumber: string, productId?: string): string;
}

/** Parts of n8n that the demo does not use: a third to a half of n8n's start. */
const unusedModules = [
	...['agents', 'chat-hub', 'external-secrets', 'instance-ai', 'instance-registry', 'mcp'],
	...['oauth-server', 'otel', 'runtime-credentials'],
];

/** A free port, if possible the earlier one. @throws if something else has that now */
async function claimPort(port: number | undefined, what: string): Promise<number> {
	if (port === undefined) return findFreePort();
	if (await isPortFree(port)) return port;
	throw new Error(
		`${what} can't use port ${port}: another program uses it. Stop that program, and start the demo again.`,
	);
}

async function startShops(
	running: Running,
	{ folder }: DemoOptions,
	earlier: KeptData | undefined,
): Promise<Account> {
	const snapshot = folder ? await readSnapshot(folder) : undefined;
	const sandbox = await startSandbox({
		port: await claimPort(earlier?.sandboxPort, 'The sandbox'),
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
	if (!found)
		throw new Error(
			`This n8n no longer has the workflow of examples/${file}.json. Start the demo with another folder.`,
		);
	return found.workflow;
}

function createBuyUrl(client: N8nClient, seller: StoredWorkflow): Demo['getBuyUrl'] {
	const start = seller.nodes.find(({ type }) => type === 'n8n-nodes-base.webhook');
	if (!start) throw new Error(`"${seller.name}" no longer has a Webhook node.`);
	const address = client.webhookUrl(seller, start.name);
	return (orderNumber, product) => {
		const query = new URLSearchParams({ order: orderNumber, ...(product && { product }) });
		return `${address}?${query.toString()}`;
	};
}

async function readProducts({ apiKey, baseUrl }: Account): Promise<Map<string, string>> {
	const headers = { authorization: `Bearer ${apiKey}` };
	const { data } = await axios.get<Product[]>(`${baseUrl}/products`, { headers, proxy: false });
	if (!Array.isArray(data) || data.length === 0)
		throw new Error(
			'Your account has no products. Create a product in Pocketsflow, and start the demo again.',
		);
	return new Map(data.map(({ name, _id }) => [name, _id]));
}

/** The names of the imported workflows by the addresses that their triggers register. */
function collectEndpoints(client: N8nClient, imported: ImportedExample[]): Map<string, string> {
	const isTrigger = ({ type }: WorkflowNode) => type === 'n8n-nodes-pocketsflow.pocketsflowTrigger';
	return new Map(
		imported.flatMap(({ workflow }) =>
			workflow.nodes
				.filter(isTrigger)
				.map(({ name }) => [client.webhookUrl(workflow, name), workflow.name]),
		),
	);
}

interface Product {
	_id: string;
	name: string;
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
	const products = await readProducts(account);
	const [productId] = products.values();
	const mailServer = await MailServer.open();
	running.mailServer = mailServer;
	const port = await claimPort(options.port ?? earlier?.n8nPort, 'n8n');
	const n8n = await withProgress('Starting n8n', () =>
		startN8n({
			port,
			env: { N8N_DISABLED_MODULES: unusedModules.join(',') },
			...(folder && { userFolder: folder }),
			...(realAccount && publicUrl && { webhookUrl: publicUrl }),
		}),
	);
	running.n8n = n8n;
	const client = await N8nClient.connect(n8n);
	const { sandbox, wooCommerce } = running;
	const target = {
		client,
		credentials: await ensureCredentials(
			client,
			{ account, mailServer, ...(wooCommerce && { wooCommerce }) },
			earlier?.credentials,
		),
		shop: {
			account,
			productId,
			...(sandbox && { storeUrl: sandbox.url }),
			...(wooCommerce && { wooCommerce: { url: wooCommerce.url } }),
		},
		version: n8n.installation.version,
		canReceive: !realAccount || publicUrl !== undefined,
		known: earlier?.workflows ?? {},
	};
	const imported = await withProgress('Importing the examples', () => importAll(target));
	const quickStart = findWorkflow(imported, 'quick-start');
	// The quick start waits for deliveries. Without them it is not published, and "sell" sells.
	const { canReceive } = target;
	const seller = canReceive ? quickStart : findWorkflow(imported, 'sell');
	const getBuyUrl = createBuyUrl(client, seller);
	const openEditor = (id: string) => `${n8n.url}/workflow/${id}`;
	const steps = buildSteps({
		n8n: n8n.url,
		store: sandbox?.url ?? getBuyUrl('A-1001'),
		...(sandbox && { dashboard: `${sandbox.url}/dashboard` }),
		seller: openEditor(seller.id),
		canReceive,
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
	const endpoints = collectEndpoints(client, imported);
	sandbox?.setLinks({
		n8nUrl: n8n.url,
		getWorkflowName: (url) => endpoints.get(url),
		// A product that was created later is sold by the store itself.
		getBuyUrl: (name, orderNumber) =>
			products.has(name) ? getBuyUrl(orderNumber, products.get(name)) : undefined,
	});
	const startHereUrl = openEditor(startHere);
	return {
		...{ account, n8n, client, imported, quickStart, steps },
		...{ startHereUrl, openEditor, canReceive, getBuyUrl },
	};
}
