import { contract } from '../contract/document';
import type { Webhook } from '../database/entities';
import { createToken } from '../database/ids';
import { createRow } from '../database/table';
import { badRequest } from '../http/errors';
import {
	type AnyCall,
	type ApiCall,
	type ApiResponse,
	buildPagination,
	type Handlers,
	findPage,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeWebhook } from '../serializers';
import { buildSamplePayload } from '../webhooks/sample-payload';
import { findOrThrow } from './lookup';

/** Event names that POST /webhooks takes without a switch (docs/pocketsflow-api.md#events). */
const { 'x-known': eventNames } = contract.components?.schemas.EventName as { 'x-known': string[] };

const loopbackHost = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function checkUrl({ context }: AnyCall, url: string): void {
	const { protocol, hostname } = new URL(url);
	const isLocal = loopbackHost.test(hostname);
	// HTTPS and a public address are required; tests on one machine can have neither.
	if (isLocal ? !context.switches.allowLoopbackWebhooks : protocol !== 'https:') {
		throw badRequest('url must be a publicly reachable HTTPS URL');
	}
}

function checkEvents({ context }: AnyCall, events: string[]): void {
	const { acceptUnknownEvents, acceptInvoicePaid, pauseEvent } = context.switches;
	if (acceptUnknownEvents) return;
	const unknown = events.filter(
		(name) =>
			!eventNames.includes(name) &&
			!(acceptInvoicePaid && name === 'invoice.paid') &&
			!(pauseEvent === 'paused' && name === 'customer.subscription.paused'),
	);
	if (unknown.length > 0) throw badRequest(`events has unknown event: ${unknown.join(', ')}`);
}

/** All endpoints at the same time, or by pages of the size that the switch says. */
function listWebhooks(call: ApiCall<'webhooks.list'>): ApiResponse {
	const { webhookListLags, webhookPageSize } = call.context.switches;
	if (webhookListLags) return respondList(call, 'webhooks', []);
	const serialize = (rows: Webhook[]) =>
		rows.map((row) => serializeWebhook(call.context.switches, call.db, row));
	if (webhookPageSize === 0) {
		return respondList(call, 'webhooks', serialize(call.db.webhooks.query().rows));
	}
	const { page } = findPage(call, call.query);
	const window = { skip: (page - 1) * webhookPageSize, take: webhookPageSize };
	const { rows, total } = call.db.webhooks.query(window);
	return respondList(call, 'webhooks', serialize(rows), 'object', {
		pagination: buildPagination(call, { page, pageSize: webhookPageSize }, total),
	});
}

function storeUrl({ context }: AnyCall, url: string): string {
	if (context.switches.webhookUrls === 'asSent') return url;
	const { href } = new URL(url);
	return context.switches.webhookUrls === 'withSlash' ? href.replace(/\/*$/, '/') : href;
}

function checkUnique({ context, db }: AnyCall, url: string): void {
	const isTaken = db.webhooks.query({ where: (row) => row.url === url }).rows.length > 0;
	if (isTaken && !context.switches.sameUrlTwice) throw badRequest('url is already registered');
}

/** Webhook endpoints (docs/pocketsflow-api.md#webhook-endpoints). */
export const webhookRoutes = {
	'webhooks.list': listWebhooks,
	'webhooks.get': ({ context, db, params }) =>
		respondOk(
			serializeWebhook(context.switches, db, findOrThrow(db.webhooks, params.id, 'Webhook')),
		),
	'webhooks.create': (call) => {
		const { url: sentUrl, events, description, active } = call.body;
		checkUrl(call, sentUrl);
		const url = storeUrl(call, sentUrl);
		checkUnique(call, url);
		checkEvents(call, events);
		const webhook = call.db.webhooks.add({
			url,
			events: [...new Set(events)],
			...(description !== undefined && { description }),
			active,
			secret: createToken('whsec_'),
			...createRow(),
		});
		return respondCreated(call, serializeWebhook(call.context.switches, call.db, webhook, true));
	},
	'webhooks.update': (call) => {
		const webhook = findOrThrow(call.db.webhooks, call.params.id, 'Webhook');
		const input = call.body;
		if (input.url !== undefined) checkUrl(call, input.url);
		if (input.events !== undefined) checkEvents(call, input.events);
		const url = input.url === undefined ? webhook.url : storeUrl(call, input.url);
		Object.assign(webhook, input, { url });
		return respondOk(serializeWebhook(call.context.switches, call.db, webhook));
	},
	'webhooks.delete': (call) => {
		findOrThrow(call.db.webhooks, call.params.id, 'Webhook');
		call.db.webhooks.remove(call.params.id);
		return respondDeleted(call, 'Webhook');
	},
	'webhooks.test': ({ context, db, params }) => {
		const webhook = findOrThrow(db.webhooks, params.id, 'Webhook');
		const { testDelivery } = context.switches;
		// Neither event nor body of a test delivery is documented.
		const event = testDelivery === 'unknownEvent' ? 'webhook.test' : webhook.events[0];
		const data =
			testDelivery === 'unknownEvent'
				? { test: true, message: 'This is a test delivery' }
				: buildSamplePayload(context.switches, event);
		context.deliveries.send(webhook, db.mode, event, data, {
			signing: testDelivery === 'unsigned' ? 'missing' : 'valid',
		});
		return respondOk({ message: 'Test webhook sent' });
	},
} satisfies Partial<Handlers>;
