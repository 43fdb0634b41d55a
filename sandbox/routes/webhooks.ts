import { type Call, created, deleted, type Handler, list, ok } from '../answers';
import { objectId, token } from '../ids';
import { allOptional, invalid, optional, readFields, required } from '../input';
import { samplePayload } from '../payloads';
import { showWebhook } from '../views';
import { found } from './products';

const fields = {
	url: required('url'),
	events: required('texts'),
	description: optional('text'),
	active: optional('boolean'),
};

/** Event names that POST /webhooks takes without a switch (contract C2). */
export const eventNames: readonly string[] = [
	'order.completed',
	'order.refunded',
	'customer.created',
	'customer.subscription.created',
	'customer.subscription.updated',
	'customer.subscription.deleted',
	'customer.subscription.pause',
	'customer.subscription.resumed',
	'customer.subscription.trial_will_end',
	'invoice.payment_succeeded',
	'invoice.payment_failed',
	'invoice.created',
	'invoice.upcoming',
	'payment_intent.succeeded',
	'payment_intent.payment_failed',
	'product.created',
	'product.updated',
	'product.deleted',
	'review.created',
	'identity.verification_session.verified',
	'identity.verification_session.processing',
	'identity.verification_session.requires_input',
];

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function checkUrl({ world }: Call, url: string): void {
	const { protocol, hostname } = new URL(url);
	const local = loopback.test(hostname);
	// HTTPS and publicly reachable (contract C1); tests on one machine can have neither.
	if (local ? !world.switches.allowLoopbackWebhooks : protocol !== 'https:') {
		throw invalid('url must be a publicly reachable HTTPS URL');
	}
}

function checkEvents({ world }: Call, events: string[]): void {
	const { acceptUnknownEvents, acceptInvoicePaid, pauseEvent } = world.switches;
	if (events.length === 0) throw invalid('events must name at least one event');
	if (acceptUnknownEvents) return;
	const unknown = events.filter(
		(name) =>
			!eventNames.includes(name) &&
			!(acceptInvoicePaid && name === 'invoice.paid') &&
			!(pauseEvent === 'paused' && name === 'customer.subscription.paused'),
	);
	if (unknown.length > 0) throw invalid(`events has unknown event: ${unknown.join(', ')}`);
}

/** Webhook endpoints (contract C1). */
export const webhookRoutes = {
	'webhooks.list': (call) =>
		list(
			call,
			'webhooks',
			call.state.webhooks.read().rows.map((row) => showWebhook(call.world, call.state, row)),
		),
	'webhooks.get': ({ world, state, params }) =>
		ok(showWebhook(world, state, found(state.webhooks, params.id, 'Webhook'))),
	'webhooks.create': (call) => {
		const { url, events, description, active = true } = readFields(call.body, fields);
		checkUrl(call, url);
		checkEvents(call, events);
		const at = Date.now();
		const webhook = call.state.webhooks.add({
			_id: objectId(at),
			at,
			url,
			events: [...new Set(events)],
			...(description !== undefined && { description }),
			active,
			secret: token('whsec_'),
		});
		return created(call, showWebhook(call.world, call.state, webhook, true));
	},
	'webhooks.update': (call) => {
		const webhook = found(call.state.webhooks, call.params.id, 'Webhook');
		const given = readFields(call.body, allOptional(fields));
		if (given.url !== undefined) checkUrl(call, given.url);
		if (given.events !== undefined) checkEvents(call, given.events);
		Object.assign(webhook, given);
		return ok(showWebhook(call.world, call.state, webhook));
	},
	'webhooks.delete': (call) => {
		found(call.state.webhooks, call.params.id, 'Webhook');
		call.state.webhooks.remove(call.params.id);
		return deleted(call, 'Webhook');
	},
	'webhooks.test': ({ world, state, params }) => {
		const webhook = found(state.webhooks, params.id, 'Webhook');
		const { testDelivery } = world.switches;
		// Neither event nor body of a test delivery is documented (contract H23).
		const event = testDelivery === 'unknownEvent' ? 'webhook.test' : webhook.events[0];
		const data =
			testDelivery === 'unknownEvent'
				? { test: true, message: 'This is a test delivery' }
				: samplePayload(world.switches, event);
		world.deliveries.send(webhook, state.mode, event, data, {
			signing: testDelivery === 'unsigned' ? 'missing' : 'valid',
		});
		return ok({ message: 'Test webhook sent' });
	},
} satisfies Record<string, Handler>;
