import type { Credential, N8nClient } from '../test/harness/n8n/client';
import type { Shop } from '../test/harness/woocommerce/shop';
import type { Account } from './example-workflows';

interface Wanted {
	type: string;
	name: string;
	data: Record<string, unknown>;
}

const listWanted = (account: Account, wooCommerce: Shop | undefined): Wanted[] => [
	{ type: 'pocketsflowApi', name: 'Pocketsflow', data: { ...account, webhookSigningSecret: '' } },
	...(wooCommerce
		? [{ type: 'wooCommerceApi', name: 'WooCommerce', data: { ...wooCommerce.credential } }]
		: []),
];

/** Makes the credentials of the examples, or leads those of an earlier demo to today's shops. */
export async function ensureCredentials(
	client: N8nClient,
	account: Account,
	wooCommerce: Shop | undefined,
	earlier: Readonly<Record<string, string>> = {},
): Promise<Credential[]> {
	const credentials: Credential[] = [];
	for (const { type, name, data } of listWanted(account, wooCommerce)) {
		const credential = { id: earlier[type] ?? '', type, name };
		if (credential.id) await client.updateCredential(credential, data);
		credentials.push(credential.id ? credential : await client.createCredential(type, name, data));
	}
	return credentials;
}
