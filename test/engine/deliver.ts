import type { IDataObject, IWorkflowExecuteAdditionalData } from 'n8n-workflow';

import { seal } from '../../nodes/Pocketsflow/webhook/sealing';
import { sign } from '../../nodes/Pocketsflow/webhook/signature';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { webhookContext, type NodeSetup } from '../harness/engine/context';
import type { Sent } from './hostile';

const apiKey = 'pk_test_000000000000000000000000';
export const secret = 'whsec_engine';
const node = new PocketsflowTrigger();
const allEvents = node.description.properties[0].options!.map(
	(option) => 'value' in option && option.value,
);

let webhooks = 0;

/** A trigger whose sealed secret is in static data, as registration leaves it. */
export function trigger(parameters: IDataObject = {}, more: Partial<NodeSetup> = {}): NodeSetup {
	const webhookId = `hook-${++webhooks}`;
	const url = `https://n8n.example.com/webhook/${webhookId}/webhook`;
	return {
		node,
		parameters: {
			events: allEvents as string[],
			simplify: true,
			options: {},
			...parameters,
		} as NodeSetup['parameters'],
		credential: { apiKey, baseUrl: 'http://127.0.0.1:9', webhookSigningSecret: '' },
		staticData: { sealedSecret: seal(secret, apiKey, url) },
		webhookId,
		...more,
	};
}

/** Hands one request to `webhook()` in n8n-core's context; answers with status, body and items. */
export async function deliver(setup: NodeSetup, { body, headers = {} }: Sent) {
	const answered: { status?: number; body?: unknown; ended: number } = { ended: 0 };
	const httpResponse = {
		status(code: number) {
			answered.status = code;
			return httpResponse;
		},
		json(value: unknown) {
			answered.body = value;
			answered.ended++;
		},
		end() {
			answered.ended++;
		},
	};
	const httpRequest = {
		headers,
		rawBody: body,
		path: `/webhook/${setup.webhookId}/webhook`,
		method: 'POST',
	};
	const context = webhookContext(setup, {
		httpRequest,
		httpResponse,
	} as unknown as Pick<IWorkflowExecuteAdditionalData, 'httpRequest' | 'httpResponse'>);
	const result = await node.webhook.call(context);
	if (result.noWebhookResponse !== true || answered.ended !== 1)
		throw new Error(`the trigger answered ${answered.ended} times itself, not once`);
	return { ...answered, items: (result.workflowData?.[0] ?? []).map(({ json }) => json) };
}

/** A delivery as Pocketsflow sends and signs it. */
export function signed(event: string, payload: IDataObject, headers: Sent['headers'] = {}): Sent {
	const body = Buffer.from(JSON.stringify(payload));
	return {
		body,
		headers: {
			'content-type': 'application/json',
			'x-pocketsflow-event': event,
			'x-pocketsflow-timestamp': '1790000000123',
			'x-pocketsflow-signature': sign(body, secret),
			...headers,
		},
	};
}
