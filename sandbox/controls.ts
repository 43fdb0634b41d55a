import type { FastifyInstance, FastifyRequest } from 'fastify';

import { membershipActions, writeReview } from './commerce';
import { objectId } from './ids';
import {
	ApiError,
	invalid,
	isRecord,
	notFound,
	oneOf,
	optional,
	readFields,
	readInstant,
	required,
} from './input';
import { samplePayload } from './payloads';
import { backdate, deleteOrder, purchase, seed } from './purchases';
import type { RequestLog } from './requests';
import type { Mode, ModeState, Webhook } from './state';
import { applySwitches, SwitchError, switchRules } from './switches';
import type { World } from './world';

const deliverFields = {
	event: required('text'),
	webhookId: optional('text'),
	url: optional('url'),
	secret: optional('text'),
	data: optional('object'),
	body: optional('text'),
	signing: oneOf(['valid', 'forged', 'missing'], false),
	headers: optional('object'),
	mode: oneOf(['test', 'live'], false),
	wait: optional('boolean'),
};

const reviewFields = {
	productId: required('text'),
	buyerEmail: optional('email'),
	rating: optional('number'),
	review: optional('text'),
	mode: oneOf(['test', 'live'], false),
};

const modeField = { mode: oneOf(['test', 'live'], false) };
const dateField = { createdAt: required('date') };

type Controlled = FastifyRequest<{ Params: Record<string, string> }>;

/** The body of a control call; none counts as empty. */
export function readBody(raw: unknown): Record<string, unknown> {
	const text = Buffer.isBuffer(raw) ? raw.toString('utf8') : '';
	if (text.trim() === '') return {};
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		throw new ApiError(400, 'Invalid JSON in request body', 'INVALID_JSON');
	}
	if (!isRecord(parsed)) throw invalid('Request body must be an object');
	return parsed;
}

function anywhere<T>(world: World, find: (state: ModeState) => T | undefined, thing: string) {
	for (const state of Object.values(world.modes)) {
		const row = find(state);
		if (row) return { state, row };
	}
	throw notFound(thing);
}

function targets(
	world: World,
	mode: Mode,
	given: { webhookId?: string; url?: string; secret?: string },
): Array<Pick<Webhook, '_id' | 'url' | 'secret'>> {
	const { webhookId, url, secret } = given;
	if (webhookId) {
		const { row } = anywhere(world, (state) => state.webhooks.get(webhookId), 'Webhook');
		return [row];
	}
	if (url) {
		for (const state of Object.values(world.modes)) {
			const { rows } = state.webhooks.read({ where: (row) => row.url === url, take: 1 });
			if (rows.length > 0 && secret === undefined) return rows;
		}
		return [{ _id: objectId(), url, secret: secret ?? 'whsec_unknown' }];
	}
	return world.modes[mode].webhooks.read({ where: (row) => row.active }).rows;
}

async function deliver(world: World, body: Record<string, unknown>) {
	const input = readFields(body, deliverFields);
	const mode = input.mode ?? 'test';
	const data = input.data ?? samplePayload(world.switches, input.event);
	const headers = Object.entries(input.headers ?? {}).map(([name, value]) => [name, String(value)]);
	const made = targets(world, mode, input).map((webhook) =>
		world.deliveries.send(webhook, mode, input.event, data, {
			...(input.signing && { signing: input.signing }),
			...(input.body !== undefined && { body: input.body }),
			headers: Object.fromEntries(headers) as Record<string, string>,
		}),
	);
	if (input.wait !== false) await world.deliveries.settled();
	return { deliveries: made };
}

/** The calls under `/_sandbox`, which need no key and are no part of Pocketsflow. */
export function registerControls(
	app: FastifyInstance,
	world: World,
	log: RequestLog,
	reset: () => void,
): void {
	const act = (
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
		path: string,
		handle: (body: Record<string, unknown>, params: Record<string, string>) => unknown,
	) =>
		app.route({
			method,
			url: `/_sandbox${path}`,
			handler: async (request: Controlled, reply) => {
				try {
					const answer = await handle(readBody(request.body), request.params);
					return await reply.send(answer ?? { done: true });
				} catch (error) {
					const status =
						error instanceof ApiError ? error.status : error instanceof SwitchError ? 400 : 500;
					const message = error instanceof Error ? error.message : String(error);
					return await reply.code(status).send({ error: message });
				}
			},
		});

	act('GET', '/switches', () => world.switches);
	act('GET', '/switches/rules', () =>
		Object.fromEntries(
			Object.entries(switchRules).map(([name, { section, about, initial, allowed }]) => [
				name,
				{ section, about, initial, allowed },
			]),
		),
	);
	act('PATCH', '/switches', (body) => {
		applySwitches(world.switches, body);
		return world.switches;
	});
	act('POST', '/reset', reset);
	act('GET', '/requests', () => log.list);
	act('GET', '/deliveries', () => world.deliveries.list);
	act('POST', '/settled', async () => await world.deliveries.settled());
	act('POST', '/seed', (body) => seed(world, readFields(body, modeField).mode ?? 'test'));
	act('POST', '/purchases', async (body) => await purchase(world, body));
	act('POST', '/deliver', async (body) => await deliver(world, body));
	act('POST', '/reviews', (body) => {
		const { mode = 'test', ...given } = readFields(body, reviewFields);
		const state = world.modes[mode];
		if (!state.products.get(given.productId)) throw notFound('Product');
		return writeReview(world, state, {
			...given,
			buyerEmail: given.buyerEmail ?? 'buyer1@example.com',
			rating: given.rating ?? 5,
		});
	});
	for (const [name, action] of Object.entries(membershipActions)) {
		act('POST', `/memberships/:id/${name}`, (_body, { id }) => {
			const found = anywhere(world, (state) => state.memberships.get(id), 'Membership');
			action(world, found.state, found.row);
			return { status: found.row.status };
		});
	}
	act('POST', '/orders/:id/backdate', (body, { id }) => {
		const at = readInstant(readFields(body, dateField).createdAt);
		if (at === undefined) throw invalid('createdAt must be an ISO 8601 date');
		backdate(anywhere(world, (state) => state.orders.get(id), 'Order').state, id, at);
		return undefined;
	});
	act('DELETE', '/orders/:id', (_body, { id }) => {
		deleteOrder(anywhere(world, (state) => state.orders.get(id), 'Order').state, id);
		return undefined;
	});
}
