import { createHash, createHmac, randomUUID } from 'node:crypto';

import { ApiError, invalidId, missingParameters } from './errors';
import { formatOrder } from './orders';
import { formatProduct } from './products';
import { nextId, type ShopState, type Webhook } from './state';
import {
	formatDates,
	formatLinks,
	requireOneOf,
	requireText,
	toPhpJson,
	type Fields,
} from './values';

export interface Delivery {
	webhookId: number;
	topic: string;
	resourceId: number;
	body: string;
	headers: Record<string, string>;
	/** The status of the answer; 0 if there was none. */
	status: number;
}

const statuses = ['active', 'paused', 'disabled'] as const;
const topics = ['coupon', 'customer', 'order', 'product'].flatMap((resource) =>
	['created', 'updated', 'deleted', 'restored'].map((event) => `${resource}.${event}`),
);
const userAgent = 'WooCommerce/10.4.0 Hookshot (WordPress/6.9)';
const timeoutMs = { ping: 5_000, delivery: 60_000 };
/** A webhook is disabled by the failure after more than so many in a row: by the seventh. */
const mostFailures = 5;

export function findWebhook(state: ShopState, id: unknown, status?: 400): Webhook {
	const webhook = state.webhooks.get(Number(id));
	if (!webhook) throw invalidId('shop_webhook', status);
	return webhook;
}

export function createWebhook(state: ShopState, fields: Fields): Webhook {
	const missing = ['topic', 'delivery_url'].filter((name) => fields[name] === undefined);
	if (missing.length > 0) throw missingParameters(...missing);
	const nowMs = state.now();
	const webhook: Webhook = {
		id: 0,
		name: `Webhook created on ${new Date(nowMs).toISOString().slice(0, 16).replace('T', ' @ ')}`,
		status: 'active',
		topic: '',
		deliveryUrl: '',
		secret: randomUUID(),
		failureCount: 0,
		createdMs: nowMs,
	};
	setFields(webhook, fields);
	webhook.id = nextId(state, 'webhooks', 1);
	state.webhooks.set(webhook.id, webhook);
	return webhook;
}

/** Setting the status to active is how a disabled webhook is enabled again; its failures stay counted. */
export function updateWebhook(state: ShopState, webhook: Webhook, fields: Fields): void {
	setFields(webhook, fields);
	webhook.modifiedMs = state.now();
}

function setFields(webhook: Webhook, fields: Fields): void {
	requireText(fields, 'name', 'topic', 'delivery_url', 'secret');
	requireOneOf(fields, 'status', statuses);
	const { name, topic, delivery_url: url, secret, status } = fields as Record<string, string>;
	const refuse = (what: string, message: string) =>
		new ApiError(`woocommerce_rest_shop_webhook_invalid_${what}`, message, { status: 400 });
	if (topic !== undefined && !topics.includes(topic))
		throw refuse('topic', 'Webhook topic is required and must be valid.');
	if (url !== undefined && !/^https?:\/\/./.test(url))
		throw refuse(
			'delivery_url',
			'Webhook delivery URL must be a valid URL starting with http:// or https://.',
		);
	webhook.name = name ?? webhook.name;
	webhook.topic = topic ?? webhook.topic;
	webhook.deliveryUrl = url ?? webhook.deliveryUrl;
	webhook.secret = secret || webhook.secret;
	webhook.status = (status as Webhook['status'] | undefined) ?? webhook.status;
}

export const filterWebhooks = (state: ShopState, { status = 'all' }: Fields) =>
	[...state.webhooks.values()].filter((webhook) => status === 'all' || webhook.status === status);

/** WordPress's hook behind a topic: woocommerce_new_order for order.created. */
function hooksOf(topic: string): string[] {
	const [resource, event] = topic.split('.');
	const verbs: Record<string, string> = { created: 'new', updated: 'update' };
	return verbs[event] ? [`woocommerce_${verbs[event]}_${resource}`] : [`wp_trash_post`];
}

/** WooCommerce never shows the secret again. */
export const formatWebhook = (state: ShopState, webhook: Webhook) => ({
	id: webhook.id,
	name: webhook.name,
	status: webhook.status,
	topic: webhook.topic,
	resource: webhook.topic.split('.')[0],
	event: webhook.topic.split('.')[1],
	hooks: hooksOf(webhook.topic),
	delivery_url: webhook.deliveryUrl,
	...formatDates('date_created', webhook.createdMs, state.utcOffsetHours),
	...formatDates('date_modified', webhook.modifiedMs, state.utcOffsetHours),
	...formatLinks(state, 'webhooks', webhook.id),
});

/** A new webhook is tested with a form, unsigned; the answer does not matter. */
export async function ping({ id, deliveryUrl }: Webhook): Promise<void> {
	await fetch(deliveryUrl, {
		method: 'POST',
		headers: { 'user-agent': userAgent },
		body: new URLSearchParams({ webhook_id: String(id) }),
		signal: AbortSignal.timeout(timeoutMs.ping),
	}).then(
		(response) => response.arrayBuffer(),
		() => undefined,
	);
}

/** The payload of an event as it is now: WooCommerce makes it when it delivers. */
function payloadOf(state: ShopState, topic: string, resourceId: number): unknown {
	const [resource, event] = topic.split('.');
	if (event === 'deleted') return { id: resourceId };
	const order = resource === 'order' && state.orders.get(resourceId);
	const product = resource === 'product' && state.products.get(resourceId);
	return order ? formatOrder(state, order) : product ? formatProduct(state, product) : undefined;
}

export async function deliver(
	state: ShopState,
	webhook: Webhook,
	resourceId: number,
): Promise<Delivery | undefined> {
	const payload = payloadOf(state, webhook.topic, resourceId);
	if (payload === undefined) return undefined;
	const body = toPhpJson(payload);
	const [resource, event] = webhook.topic.split('.');
	const headers = {
		'Content-Type': 'application/json',
		'User-Agent': userAgent,
		'X-WC-Webhook-Source': `${state.url}/`,
		'X-WC-Webhook-Topic': webhook.topic,
		'X-WC-Webhook-Resource': resource,
		'X-WC-Webhook-Event': event,
		'X-WC-Webhook-Signature': createHmac('sha256', webhook.secret).update(body).digest('base64'),
		'X-WC-Webhook-ID': String(webhook.id),
		'X-WC-Webhook-Delivery-ID': createHash('md5').update(randomUUID()).digest('hex'),
	};
	return await send(webhook, {
		webhookId: webhook.id,
		topic: webhook.topic,
		resourceId,
		body,
		headers,
		status: 0,
	});
}

/** Sends a delivery and counts its failure or success. Each is sent once: WooCommerce repeats none. */
export async function send(webhook: Webhook, delivery: Delivery): Promise<Delivery> {
	const { body, headers } = delivery;
	const status = await fetch(webhook.deliveryUrl, {
		method: 'POST',
		headers,
		body,
		redirect: 'manual',
		signal: AbortSignal.timeout(timeoutMs.delivery),
	}).then(
		async (response) => {
			await response.arrayBuffer();
			return response.status;
		},
		() => 0,
	);
	if (status >= 200 && status < 303) webhook.failureCount = 0;
	else if (webhook.failureCount > mostFailures) webhook.status = 'disabled';
	else webhook.failureCount++;
	return { ...delivery, status };
}
