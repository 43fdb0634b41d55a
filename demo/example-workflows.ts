import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';

import type { Credential, N8nClient, StoredWorkflow, Workflow } from '../test/harness/n8n/client';

/** The key and the address of Pocketsflow or of the sandbox. */
export interface Account {
	apiKey: string;
	baseUrl: string;
}

/** The two example workflows in an n8n, with a credential. */
export interface ExampleWorkflows {
	credential: Credential;
	sell: StoredWorkflow;
	settle: StoredWorkflow;
	/** The address that a buyer opens to pay for an order. */
	getSellUrl(orderId: string): string;
}

const examples = join(__dirname, '..', 'examples');

/** Reads one of the workflows in `examples/`. */
export async function readExample(name: 'sell' | 'settle'): Promise<Workflow> {
	return JSON.parse(await readFile(join(examples, `${name}.json`), 'utf8')) as Workflow;
}

/** Imports and activates both example workflows; `settle` stays off where no delivery can arrive. */
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
	const http = axios.create({ proxy: false, timeout: 30_000 });
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
