import type { IDataObject, INodeExecutionData, IWorkflowExecuteAdditionalData } from 'n8n-workflow';

import { events } from '../../nodes/Pocketsflow/events/catalogue';
import type { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import { receive } from '../../nodes/Pocketsflow/webhook/receive';
import { seal } from '../../nodes/Pocketsflow/webhook/sealing';
import { sign } from '../../nodes/Pocketsflow/events/signature';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { createWebhookContext, type NodeSetup } from '../harness/engine/context';
import type { WebhookRequest } from '../harness/hostileDeliveries';

const apiKey = 'pk_test_000000000000000000000000';
export const secret = 'whsec_engine';
const node = new PocketsflowTrigger();
const allEvents = events.map(({ name }) => name);

let webhooks = 0;

/** A trigger whose sealed secret is in static data, as registration leaves it. */
export function newTrigger(parameters: IDataObject = {}, more: Partial<NodeSetup> = {}): NodeSetup {
	const webhookId = `hook-${++webhooks}`;
	const url = `https://n8n.example.com/webhook/${webhookId}/webhook`;
	return {
		node,
		parameters: {
			events: allEvents,
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

interface Answer {
	status?: number;
	body?: unknown;
	/** The items of all outputs. */
	items: IDataObject[];
	/** The number of items of each output. */
	outputs: number[];
}

/**
 * Sends one request to the trigger in n8n-core's context.
 * @param memory calls `receive` with this memory; without it, calls the node, with that of the
 * process
 * @throws when the trigger does not answer exactly once
 */
export async function deliver(
	setup: NodeSetup,
	{ body, headers = {} }: WebhookRequest,
	memory?: TriggerMemory,
): Promise<Answer> {
	const answer: Answer & { count: number } = { items: [], outputs: [], count: 0 };
	const httpResponse = {
		status(code: number) {
			answer.status = code;
			return httpResponse;
		},
		json(value: unknown) {
			answer.body = value;
			answer.count++;
		},
		end() {
			answer.count++;
		},
	};
	const httpRequest = {
		headers,
		rawBody: body,
		path: `/webhook/${setup.webhookId}/webhook`,
		method: 'POST',
	};
	const context = createWebhookContext(setup, {
		httpRequest,
		httpResponse,
	} as unknown as Pick<IWorkflowExecuteAdditionalData, 'httpRequest' | 'httpResponse'>);
	const outputs = memory ? await receive(context, memory) : await callNode(context);
	answer.items = outputs.flat().map(({ json }) => json);
	answer.outputs = outputs.map(({ length }) => length);
	if (answer.count !== 1)
		throw new Error(`the trigger answered ${answer.count} times itself, not once`);
	return answer;
}

async function callNode(
	context: ReturnType<typeof createWebhookContext>,
): Promise<INodeExecutionData[][]> {
	const { noWebhookResponse, workflowData = [] } = await node.webhook.call(context);
	if (noWebhookResponse !== true) throw new Error('the trigger left the answer to n8n');
	return workflowData;
}

/** A delivery as Pocketsflow sends and signs it. */
export function signDelivery(
	event: string,
	payload: IDataObject,
	headers: WebhookRequest['headers'] = {},
): Required<WebhookRequest> {
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
