import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';

import type { Credential, N8nClient, StoredWorkflow, Workflow } from '../test/harness/n8n/client';

export interface Account {
	apiKey: string;
	baseUrl: string;
}

/** The two example workflows in an n8n, with a credential. */
export interface Shop {
	credential: Credential;
	sell: StoredWorkflow;
	settle: StoredWorkflow;
	/** What a buyer opens to pay for the given order. */
	sellUrl(orderId: string): string;
}

const examples = join(__dirname, '..', 'examples');

/** One of the workflows in `examples/`. */
export async function example(name: 'sell' | 'settle'): Promise<Workflow> {
	return JSON.parse(await readFile(join(examples, `${name}.json`), 'utf8')) as Workflow;
}

/** Imports and activates both example workflows; `settle` stays off where no delivery could arrive. */
export async function openShop(
	client: N8nClient,
	account: Account,
	{ settling = true } = {},
): Promise<Shop> {
	const credential = await client.createCredential('pocketsflowApi', 'Pocketsflow', {
		...account,
		webhookSigningSecret: '',
	});
	const sell = await client.importWorkflow(await example('sell'), [credential]);
	const settle = await client.importWorkflow(await example('settle'), [credential]);
	if (settling) await client.activate(settle.id);
	await client.activate(sell.id);
	const address = client.webhookUrl(sell, 'Buyer wants to pay');
	const sellUrl = (orderId: string) => `${address}?order=${encodeURIComponent(orderId)}`;
	return { credential, sell, settle, sellUrl };
}

/** Buys as a browser would: opens the sell address, fills in the checkout page, follows to the way back. */
export async function buy(
	sellUrl: string,
	email: string,
): Promise<{ checkout: string; landed: string }> {
	const http = axios.create({ proxy: false, timeout: 30_000 });
	const page = await http.get<string>(sellUrl);
	const checkout = addressOf(page);
	const action = /<form[^>]*method="post"[^>]*action="([^"]*pay[^"]*)"/i.exec(page.data)?.[1];
	if (!action) throw new Error(`No payment form at ${checkout}`);
	const fields = new URLSearchParams({ email });
	for (const [, name, value] of page.data.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g))
		fields.set(name, value);
	const landed = await http.post<string>(new URL(action, checkout).href, fields);
	return { checkout, landed: addressOf(landed) };
}

const addressOf = (answer: { request?: { res?: { responseUrl?: string } } }) =>
	answer.request?.res?.responseUrl ?? '';
