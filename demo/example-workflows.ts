import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';

import type { Credential, N8nClient, StoredWorkflow, Workflow } from '../test/harness/n8n/client';

export interface Account {
	apiKey: string;
	baseUrl: string;
}

export interface ExampleWorkflows {
	credential: Credential;
	sell: StoredWorkflow;
	settle: StoredWorkflow;
	/** The address that a buyer opens to pay for an order. */
	getSellUrl(orderId: string): string;
}

const folder = join(__dirname, '..', 'examples');

/** Reads one of the workflows in `examples/`; `name` is its file without `.json`. */
export async function readExample(name: string): Promise<Workflow> {
	return JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Workflow;
}

/** The values of its user are in the node "Set up". @throws if the node or a value is missing */
export function fillSetUp(
	workflow: Workflow,
	values: Record<string, string | number | boolean>,
): Workflow {
	const copy = structuredClone(workflow);
	const node = copy.nodes.find(({ name }) => name === 'Set up');
	if (!node) throw new Error(`"${workflow.name}" has no node "Set up".`);
	const { assignments } = node.parameters.assignments as { assignments: SetUpValue[] };
	for (const [name, value] of Object.entries(values)) {
		const assignment = assignments.find((candidate) => candidate.name === name);
		if (!assignment) throw new Error(`"Set up" of "${workflow.name}" has no value "${name}".`);
		assignment.value = value;
	}
	return copy;
}

/** Chooses what a workflow sells, in every node of it that has a list of products and none chosen. */
export function chooseProduct(workflow: Workflow, productId: string): Workflow {
	const copy = structuredClone(workflow);
	for (const { parameters } of copy.nodes) {
		const product = parameters.productId as { mode?: string; value?: string } | undefined;
		if (product?.mode === 'list' && !product.value)
			parameters.productId = { ...product, mode: 'id', value: productId };
	}
	return copy;
}

interface SetUpValue {
	name: string;
	value: unknown;
}

/** Publishes both; `settle` stays off if no delivery can arrive. */
export async function importExamples(
	client: N8nClient,
	account: Account,
	{ activateSettle = true } = {},
): Promise<ExampleWorkflows> {
	const credential = await client.createCredential('pocketsflowApi', 'Pocketsflow', {
		...account,
		webhookSigningSecret: '',
	});
	const sell = await client.importWorkflow(await readExample('sell'), [credential]);
	const settle = await client.importWorkflow(await readExample('settle'), [credential]);
	if (activateSettle) await client.activate(settle.id);
	await client.activate(sell.id);
	const sellAddress = client.webhookUrl(sell, 'Buyer wants to pay');
	const getSellUrl = (orderId: string) => `${sellAddress}?order=${encodeURIComponent(orderId)}`;
	return { credential, sell, settle, getSellUrl };
}

/** Buys as a browser would: opens the address, fills in the checkout page, follows the redirect. */
export async function buy(
	sellUrl: string,
	email: string,
): Promise<{ checkout: string; finalUrl: string }> {
	const http = axios.create({ proxy: false, timeout: 30_000, headers: { accept: 'text/html' } });
	const page = await http.get<string>(sellUrl);
	const checkout = getFinalUrl(page);
	const action = /<form[^>]*method="post"[^>]*action="([^"]*pay[^"]*)"/i.exec(page.data)?.[1];
	if (!action) throw new Error(`No payment form at ${checkout}`);
	const fields = new URLSearchParams({ email });
	for (const [, name, value] of page.data.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g))
		fields.set(name, value);
	const afterwards = await http.post<string>(new URL(action, checkout).href, fields);
	return { checkout, finalUrl: getFinalUrl(afterwards) };
}

const getFinalUrl = (response: { request?: { res?: { responseUrl?: string } } }) =>
	response.request?.res?.responseUrl ?? '';
