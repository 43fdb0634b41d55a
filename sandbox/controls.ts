import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts';
import type { FastifyInstance } from 'fastify';

import { readMessage } from '../test/harness/runMain';
import type { SandboxContext } from './context';
import type { TypeOf } from './contract/validation';
import type { Database } from './database/database';
import type { Mode, Webhook } from './database/entities';
import { createObjectId } from './database/ids';
import { ApiError, notFound } from './http/errors';
import { parseDateMs, readJsonBody } from './http/input';
import type { RecordedRequest } from './http/recorded-request';
import type { JsonObject } from './json';
import { membershipActions } from './shop/memberships';
import { deleteOrder, moveOrder } from './shop/orders';
import { purchase, purchaseSchema } from './shop/purchases';
import { addReview } from './shop/reviews';
import { seed } from './shop/seed';
import { applySwitches, SwitchError, switchRules } from './switches';
import { buildSamplePayload } from './webhooks/sample-payload';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const date = { type: 'string', format: 'date-time' } as const;
const mode = { type: 'string', enum: ['test', 'live'] } as const;

const bodies = {
	seed: { type: 'object', properties: { mode } },
	keys: { type: 'object', properties: { mode, keepsOld: flag } },
	review: {
		type: 'object',
		required: ['productId'],
		properties: {
			productId: text,
			buyerEmail: { type: 'string', format: 'email' },
			rating: { type: 'number' },
			review: text,
			mode,
		},
	},
	deliver: {
		type: 'object',
		required: ['event'],
		properties: {
			event: text,
			webhookId: text,
			url: { type: 'string', format: 'uri' },
			secret: text,
			data: { type: 'object' },
			body: text,
			signing: { type: 'string', enum: ['valid', 'forged', 'missing'] },
			headers: { type: 'object' },
			mode,
			wait: flag,
		},
	},
	backdate: { type: 'object', required: ['createdAt'], properties: { createdAt: date } },
	refundStatus: {
		type: 'object',
		required: ['status'],
		properties: {
			status: { type: 'string', enum: ['pending', 'completed', 'failed'] },
			createdAt: date,
		},
	},
	membershipStatus: {
		type: 'object',
		required: ['status'],
		properties: {
			// The statuses that only Pocketsflow sets.
			status: {
				type: 'string',
				enum: ['incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due'],
			},
		},
	},
} as const;

const byId = { type: 'object', required: ['id'], properties: { id: text } } as const;
const done = { done: true };

type Body<Name extends keyof typeof bodies> = TypeOf<(typeof bodies)[Name]>;

type DeliveryTarget = Pick<Webhook, '_id' | 'url' | 'secret'>;

/** @throws 404 if `find` finds nothing in the data of either mode */
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

async function deliver(context: SandboxContext, input: Body<'deliver'>) {
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

function review(context: SandboxContext, input: Body<'review'>) {
	const { mode = 'test', buyerEmail = 'buyer1@example.com', rating = 5, ...fields } = input;
	const db = context.databases[mode];
	if (!db.products.get(fields.productId)) throw notFound('Product');
	return addReview(context, db, { ...fields, buyerEmail, rating });
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
	void app.register(
		async (instance) => {
			const controls = instance.withTypeProvider<JsonSchemaToTsProvider>();
			controls.addHook('preValidation', async (request) => {
				request.body = readJsonBody(request.body);
			});
			controls.setErrorHandler<unknown>(
				async (error, _request, reply) =>
					await reply.code(getErrorStatus(error)).send({ error: readMessage(error) }),
			);

			controls.get('/switches', async () => context.switches);
			controls.get('/switches/rules', async () => describeSwitches());
			controls.patch('/switches', async ({ body }) => {
				applySwitches(context.switches, body);
				return context.switches;
			});
			controls.post('/reset', async () => {
				reset();
				return done;
			});
			controls.post('/keys', { schema: { body: bodies.keys } }, async ({ body }) => ({
				key: renewKey(body.mode ?? 'test', body.keepsOld),
			}));
			controls.get('/requests', async () => requests.list);
			controls.get('/deliveries', async () => context.deliveries.list);
			controls.post('/settled', async () => {
				await context.deliveries.waitForAll();
				return done;
			});
			controls.post('/seed', { schema: { body: bodies.seed } }, async ({ body }) =>
				seed(context, body.mode ?? 'test'),
			);
			controls.post(
				'/purchases',
				{ schema: { body: purchaseSchema } },
				async ({ body }) => await purchase(context, body),
			);
			controls.post(
				'/deliver',
				{ schema: { body: bodies.deliver } },
				async ({ body }) => await deliver(context, body),
			);
			controls.post('/reviews', { schema: { body: bodies.review } }, async ({ body }) =>
				review(context, body),
			);
			controls.post(
				'/orders/:id/backdate',
				{ schema: { body: bodies.backdate, params: byId } },
				async ({ body, params }) => {
					const { db, row } = findInAnyMode(context, 'Order', ({ orders }) =>
						orders.get(params.id),
					);
					moveOrder(db, row, parseDateMs(body.createdAt) ?? row.createdAtMs);
					return done;
				},
			);
			controls.delete('/orders/:id', { schema: { params: byId } }, async ({ params }) => {
				const { db, row } = findInAnyMode(context, 'Order', ({ orders }) => orders.get(params.id));
				deleteOrder(db, row);
				return done;
			});
			// Nothing is delivered of what these two change.
			controls.post(
				'/refunds/:id/status',
				{ schema: { body: bodies.refundStatus, params: byId } },
				async ({ body, params }) => {
					const { row } = findInAnyMode(context, 'Refund', ({ refunds }) => refunds.get(params.id));
					row.status = body.status;
					row.createdAtMs = parseDateMs(body.createdAt ?? '') ?? row.createdAtMs;
					return done;
				},
			);
			const findMembership = (id: string) =>
				findInAnyMode(context, 'Membership', ({ memberships }) => memberships.get(id));
			controls.post(
				'/memberships/:id/status',
				{ schema: { body: bodies.membershipStatus, params: byId } },
				async ({ body, params }) => {
					findMembership(params.id).row.status = body.status;
					return done;
				},
			);
			for (const [name, action] of Object.entries(membershipActions)) {
				controls.post(
					`/memberships/:id/${name}`,
					{ schema: { params: byId } },
					async ({ params }) => {
						const { db, row } = findMembership(params.id);
						action(context, db, row);
						return { status: row.status };
					},
				);
			}
		},
		{ prefix: '/_sandbox' },
	);
}
