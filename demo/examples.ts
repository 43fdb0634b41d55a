import type { Account } from './example-workflows';

/** What the demo runs next to n8n: the examples are set up for it. */
export interface DemoShop {
	account: Account;
	productId: string;
	/** Absent if Pocketsflow itself is used, as is the shop. */
	storeUrl?: string;
	wooCommerce?: { url: string };
}

export type SetUpValues = Record<string, string | number | boolean>;

export interface Example {
	/** The file in `examples/`, without `.json`. */
	file: string;
	/** The oldest n8n whose nodes it can use. */
	since: '1.123' | '2.0' | '2.8';
	/** What n8n's list of workflows shows next to its name. */
	tags: string[];
	/** Whether the demo publishes it, and whether with a real account, too. */
	active?: 'always' | 'withSandbox';
	/** What the demo chooses as its product. */
	sells?(shop: DemoShop): string;
	/** What the demo sets in its node "Set up". */
	setUp?(shop: DemoShop): SetUpValues;
}

/** Every workflow in `examples/`, in the order in which a reader meets them. */
export const examples: readonly Example[] = [
	{
		file: 'quick-start',
		since: '1.123',
		tags: ['Start here'],
		active: 'always',
		// The store has several products, and says which one is wanted.
		sells: ({ productId }) => `={{ $json.query.product || '${productId}' }}`,
		setUp: ({ storeUrl }) => {
			const order = "{{ encodeURIComponent($json.query.order || 'n8n-' + $execution.id) }}";
			// Without a store the buyer lands on the page of "sell".
			const page = storeUrl ?? "{{ $json.webhookUrl.replace(/.buy$/, '') }}";
			return {
				paidPage: `=${page}/thanks?order=${order}`,
				canceledPage: storeUrl ?? `=${page}/thanks?canceled=yes`,
			};
		},
	},
	{ file: 'sell', since: '1.123', tags: ['Start here'], active: 'always' },
	{ file: 'settle', since: '2.0', tags: ['Start here'], active: 'always' },
	{ file: 'any-platform', since: '1.123', tags: ['Sell'] },
	{ file: 'sell-in-chat', since: '2.0', tags: ['Sell'] },
	{ file: 'own-endpoint', since: '1.123', tags: ['Settle'] },
	{ file: 'confirm-paid-order', since: '1.123', tags: ['Settle'] },
	{ file: 'reconcile-by-webhook', since: '2.0', tags: ['Settle'] },
	{ file: 'reconcile-by-polling', since: '2.0', tags: ['Settle'] },
	{ file: 'reconcile-two-triggers', since: '2.0', tags: ['Settle'] },
	{ file: 'access-discord', since: '2.0', tags: ['Access'] },
	{ file: 'access-telegram', since: '2.0', tags: ['Access'] },
	{ file: 'access-list', since: '2.0', tags: ['Access'] },
	{
		file: 'license-keys',
		since: '2.0',
		tags: ['Access'],
		active: 'withSandbox',
		setUp: () => ({ acceptTestPurchases: true }),
	},
	{ file: 'license-check', since: '2.0', tags: ['Access'], active: 'withSandbox' },
	{ file: 'new-sale-to-chat', since: '1.123', tags: ['Reports'] },
	{ file: 'abandoned-checkout', since: '2.0', tags: ['Customers'] },
	{ file: 'newsletter', since: '2.0', tags: ['Customers'] },
	{ file: 'dunning', since: '2.0', tags: ['Customers'], active: 'withSandbox' },
	{ file: 'bookkeeping', since: '2.0', tags: ['Reports'] },
	{ file: 'sales-report', since: '1.123', tags: ['Reports'] },
	{ file: 'import-products', since: '2.0', tags: ['Operations'] },
	{ file: 'watchman', since: '1.123', tags: ['Operations'] },
	{
		file: 'woocommerce-products',
		since: '2.0',
		tags: ['WooCommerce'],
		active: 'withSandbox',
		setUp: () => ({ currency: 'USD' }),
	},
	{
		file: 'woocommerce-checkout',
		since: '2.0',
		tags: ['WooCommerce'],
		active: 'withSandbox',
		setUp: ({ wooCommerce }) => ({ ...(wooCommerce && { shopUrl: wooCommerce.url }) }),
	},
	{
		file: 'woocommerce-paid-orders',
		since: '2.0',
		tags: ['WooCommerce'],
		active: 'withSandbox',
		setUp: ({ wooCommerce }) => ({
			tellOtherSales: false,
			...(wooCommerce && { shopUrl: wooCommerce.url, acceptTestPurchases: true }),
		}),
	},
	{
		file: 'woocommerce-upkeep',
		since: '2.0',
		tags: ['WooCommerce'],
		active: 'withSandbox',
		setUp: ({ wooCommerce }) => ({ ...(wooCommerce && { shopUrl: wooCommerce.url }) }),
	},
	{ file: 'sales-assistant', since: '2.8', tags: ['Operations'] },
];
