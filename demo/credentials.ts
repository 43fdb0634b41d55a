import type { Credential, N8nClient } from '../test/harness/n8n/client';
import type { MailServer } from '../test/harness/mailServer';
import type { Shop } from '../test/harness/woocommerce/shop';
import type { Account } from './example-workflows';

export interface Shops {
	account: Account;
	wooCommerce?: Shop;
	mailServer: MailServer;
}

interface Wanted {
	type: string;
	name: string;
	data: Record<string, unknown>;
}

const listWanted = ({ account, wooCommerce, mailServer }: Shops): Wanted[] => [
	{ type: 'pocketsflowApi', name: 'Pocketsflow', data: { ...account, webhookSigningSecret: '' } },
	{ type: 'smtp', name: 'Demo email server', data: mailServer.credential },
	// License keys are calculated from it, so it must be the same in the next demo.
	{ type: 'crypto', name: 'Demo secret', data: { hmacSecret: 'only-for-this-demo' } },
	...(wooCommerce
		? [{ type: 'wooCommerceApi', name: 'WooCommerce', data: { ...wooCommerce.credential } }]
		: []),
];

/** Creates the credentials of the examples, or leads those of an earlier demo to today's shops. */
export async function ensureCredentials(
	client: N8nClient,
	shops: Shops,
	earlier: Readonly<Record<string, string>> = {},
): Promise<Credential[]> {
	const credentials: Credential[] = [];
	for (const { type, name, data } of listWanted(shops)) {
		const credential = { id: earlier[type] ?? '', type, name };
		if (credential.id) await client.updateCredential(credential, data);
		credentials.push(credential.id ? credential : await client.createCredential(type, name, data));
	}
	return credentials;
}
