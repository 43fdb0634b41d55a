import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { SandboxContext } from './context';
import type { Database } from './database/database';
import type { Mode, Webhook } from './database/entities';
import { createObjectId } from './database/ids';
import { ApiError, badRequest, notFound } from './http/errors';
import { oneOf, optional, parseDateMs, readFields, readJsonBody, required } from './http/input';
import type { RecordedRequest } from './http/recorded-request';
import type { JsonObject } from './json';
import { membershipActions } from './shop/memberships';
import { deleteOrder, moveOrder } from './shop/orders';
import { purchase } from './shop/purchases';
import { addReview } from './shop/reviews';
import { seed } from './shop/seed';
import { applySwitches, SwitchError, switchRules } from './switches';
import { buildSamplePayload } from './webhooks/sample-payload';

const deliverFields = {
	event: required('string'),
	webhookId: optional('string'),
	url: optional('url'),
	secret: optional('string'),
	data: optional('object'),
	body: optional('string'),
	signing: oneOf(['valid', 'forged', 'missing'], false),
	headers: optional('object'),
	mode: oneOf(['test', 'live'], false),
	wait: optional('boolean'),
};

const reviewFields = {
	productId: required('string'),
	buyerEmail: optional('email'),
	rating: optional('number'),
	review: optional('string'),
	mode: oneOf(['test', 'live'], false),
};

const keyFields = { mode: oneOf(['test', 'live'], false), keepsOld: optional('boolean') };
const modeField = { mode: oneOf(['test', 'live'], false) };
const refundFields = {
	status: oneOf(['pending', 'completed', 'failed'], true),
	createdAt: optional('date'),
};
const membershipFields = {
	status: oneOf(['incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due'], true),
};
const dateField = { createdAt: required('date') };

type Params = Record<string, string>;
type DeliveryTarget = Pick<Webhook, '_id' | 'url' | 'secret'>;

/** The first row that `find` finds in the data of either mode; throws a 404 when there is none. */
function findInAnyMode<T>(
	{ databases }: SandboxContext,
	name: string,
	find: (db: Database) => T | undefined,
): { db: Database; row: T } {
	for (const db of Object.values(databases)) {
		const row = find(db);
		if (row) return { db, row };
	}
	throw notFound(name);
}

/** The endpoint with an address, or one that Pocketsflow does not know when a secret is given. */
function findTargetByUrl(
	{ databases }: SandboxContext,
	url: string,
	secret: string | undefined,
): DeliveryTarget {
	const [registered] = Object.values(databases).flatMap(
		({ webhooks }) => webhooks.query({ where: (row) => row.url === url, take: 1 }).rows,
	);
	if (registered && secret === undefined) return registered;
	return { _id: createObjectId(), url, secret: secret ?? 'whsec_unknown' };
}

function findTargets(
	context: SandboxContext,
	mode: Mode,
	{ webhookId, url, secret }: { webhookId?: string; url?: string; secret?: string },
): DeliveryTarget[] {
	if (webhookId) {
		return [findInAnyMode(context, 'Webhook', ({ webhooks }) => webhooks.get(webhookId)).row];
	}
	if (url) return [findTargetByUrl(context, url, secret)];
	return context.databases[mode].webhooks.query({ where: ({ active }) => active }).rows;
}

function readHeaders(headers: JsonObject = {}): Record<string, string> {
	const entries = Object.entries(headers).map(([name, value]) => [name, String(value)]);
	return Object.fromEntries(entries) as Record<string, string>;
}

async function deliver(context: SandboxContext, body: JsonObject) {
	const input = readFields(body, deliverFields);
	const { mode = 'test', event, signing } = input;
	const data = input.data ?? buildSamplePayload(context.switches, event);
	const deliveries = findTargets(context, mode, input).map((webhook) =>
		context.deliveries.send(webhook, mode, event, data, {
			...(signing && { signing }),
			...(input.body !== undefined && { body: input.body }),
			headers: readHeaders(input.headers),
		}),
	);
	if (input.wait !== false) await context.deliveries.waitForAll();
	return { deliveries };
}

function review(context: SandboxContext, body: JsonObject) {
	const {
		mode = 'test',
		buyerEmail = 'buyer1@example.com',
		rating = 5,
		...fields
	} = readFields(body, reviewFields);
	const db = context.databases[mode];
	if (!db.products.get(fields.productId)) throw notFound('Product');
	return addReview(context, db, { ...fields, buyerEmail, rating });
}

function backdateOrder(context: SandboxContext, body: JsonObject, { id }: Params): void {
	const createdAtMs = parseDateMs(readFields(body, dateField).createdAt);
	if (createdAtMs === undefined) throw badRequest('createdAt must be an ISO 8601 date');
	const { db, row } = findInAnyMode(context, 'Order', ({ orders }) => orders.get(id));
	moveOrder(db, row, createdAtMs);
}

/** Gives a refund a status that only Pocketsflow sets, and a date; nothing is delivered. */
function changeRefund(context: SandboxContext, body: JsonObject, { id }: Params): void {
	const { status, createdAt } = readFields(body, refundFields);
	const { row } = findInAnyMode(context, 'Refund', ({ refunds }) => refunds.get(id));
	row.status = status;
	row.createdAtMs = (createdAt && parseDateMs(createdAt)) || row.createdAtMs;
}

/** Gives a membership a status that only Pocketsflow sets; nothing is delivered. */
function changeMembership(context: SandboxContext, body: JsonObject, { id }: Params): void {
	const { status } = readFields(body, membershipFields);
	findInAnyMode(context, 'Membership', ({ memberships }) => memberships.get(id)).row.status =
		status;
}

const describeSwitches = () =>
	Object.fromEntries(
		Object.entries(switchRules).map(([name, { section, about, initial, allowed }]) => [
			name,
			{ section, about, initial, allowed },
		]),
	);

function getErrorStatus(error: unknown): number {
	if (error instanceof ApiError) return error.status;
	return error instanceof SwitchError ? 400 : 500;
}

interface SandboxControls {
	reset(): void;
	renewKey(mode: Mode, keepsOld?: boolean): string;
}

/** Adds the calls under `/_sandbox`, which need no key and are no part of Pocketsflow. */
export function registerControls(
	app: FastifyInstance,
	context: SandboxContext,
	requests: { readonly list: readonly RecordedRequest[] },
	{ reset, renewKey }: SandboxControls,
): void {
	const addControl = (
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
		path: string,
		handle: (body: JsonObject, params: Params) => unknown,
	) =>
		app.route({
			method,
			url: `/_sandbox${path}`,
			handler: async (request: FastifyRequest<{ Params: Params }>, reply) => {
				try {
					const result = await handle(readJsonBody(request.body), request.params);
					return await reply.send(result ?? { done: true });
				} catch (error) {
					const message = error instanceof Error ? error.message : String(error);
					return await reply.code(getErrorStatus(error)).send({ error: message });
				}
			},
		});

	addControl('GET', '/switches', () => context.switches);
	addControl('GET', '/switches/rules', describeSwitches);
	addControl('PATCH', '/switches', (body) => {
		applySwitches(context.switches, body);
		return context.switches;
	});
	addControl('POST', '/reset', reset);
	addControl('POST', '/keys', (body) => {
		const { mode = 'test', keepsOld } = readFields(body, keyFields);
		return { key: renewKey(mode, keepsOld) };
	});
	addControl('GET', '/requests', () => requests.list);
	addControl('GET', '/deliveries', () => context.deliveries.list);
	addControl('POST', '/settled', async () => await context.deliveries.waitForAll());
	addControl('POST', '/seed', (body) => seed(context, readFields(body, modeField).mode ?? 'test'));
	addControl('POST', '/purchases', async (body) => await purchase(context, body));
	addControl('POST', '/deliver', async (body) => await deliver(context, body));
	addControl('POST', '/reviews', (body) => review(context, body));
	addControl('POST', '/orders/:id/backdate', (body, params) =>
		backdateOrder(context, body, params),
	);
	addControl('POST', '/refunds/:id/status', (body, params) => changeRefund(context, body, params));
	addControl('POST', '/memberships/:id/status', (body, params) =>
		changeMembership(context, body, params),
	);
	addControl('DELETE', '/orders/:id', (_body, { id }) => {
		const { db, row } = findInAnyMode(context, 'Order', ({ orders }) => orders.get(id));
		deleteOrder(db, row);
	});
	for (const [name, action] of Object.entries(membershipActions)) {
		addControl('POST', `/memberships/:id/${name}`, (_body, { id }) => {
			const { db, row } = findInAnyMode(context, 'Membership', ({ memberships }) =>
				memberships.get(id),
			);
			action(context, db, row);
			return { status: row.status };
		});
	}
}
