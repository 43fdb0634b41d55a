import type { Workflow, WorkflowNode } from '../../harness/n8n/client';
import {
	buildAgent,
	buildChain,
	buildNode,
	buildPollingTrigger,
	buildTool,
	startNode,
} from '../../harness/n8n/workflows';
import { savedProductIds } from './stage';

const [productId, otherProductId] = savedProductIds;

/** The node with the credential of that name, which n8n looks up when the workflow is imported. */
const withCredential = (node: WorkflowNode, name = 'Sandbox'): WorkflowNode => ({
	...node,
	credentials: { pocketsflowApi: { id: 'of another n8n', name } },
});

const buildAction = (
	name: string,
	// Without one it is the default, which the editor does not keep.
	resource: string | undefined,
	operation: string | undefined,
	parameters: Record<string, unknown>,
	credential?: string,
): WorkflowNode =>
	withCredential(
		buildNode(name, 'n8n-nodes-pocketsflow.pocketsflow', 1, {
			...(resource && { resource }),
			...(operation && { operation }),
			...parameters,
		}),
		credential,
	);

const buildTrigger = (
	name: string,
	typeVersion: number,
	parameters: Record<string, unknown>,
): WorkflowNode =>
	withCredential(
		buildNode(name, 'n8n-nodes-pocketsflow.pocketsflowTrigger', typeVersion, parameters),
	);

const chooseProduct = (mode: 'list' | 'id' | 'url', value: string, name?: string) => ({
	__rl: true,
	mode,
	value,
	...(name && { cachedResultName: name }),
});

const pages = {
	successUrl: 'https://example.com/thanks?order={{ $json.order_id }}',
	cancelUrl: 'https://example.com/cart',
};

/** The action node: each kind of parameter, in each of its forms. */
const sell = buildChain('sell', [
	startNode,
	buildNode('Order', 'n8n-nodes-base.set', 3.4, {
		assignments: {
			assignments: [{ id: '1', name: 'order_id', type: 'string', value: 'A-5001' }],
		},
		options: {},
	}),
	buildAction('Product from the list', undefined, undefined, {
		...pages,
		successUrl: `=${pages.successUrl}`,
		productId: chooseProduct('list', productId, 'Night Garden wallpapers · 9.00 USD · test'),
		metadata: {
			entries: [
				{ key: 'order_id', value: '={{ $json.order_id }}' },
				{ key: 'campaign', value: 'spring' },
			],
		},
		additionalFields: {
			clientReferenceId: '={{ $json.order_id.toLowerCase() }}',
			customerEmail: 'ada@example.com',
			discountCode: 'WELCOME10',
		},
	}),
	buildAction('Product by its ID', undefined, undefined, {
		...pages,
		productId: chooseProduct('id', otherProductId),
		metadataInput: 'json',
		metadataJson: '={"order_id": "{{ $(\'Order\').first().json.order_id }}", "copies": 2}',
		additionalFields: {},
	}),
	buildAction('Product by its URL', undefined, undefined, {
		...pages,
		productId: chooseProduct(
			'url',
			`https://store.pocketsflow.com/checkout?productId=${productId}`,
		),
		metadataInput: 'json',
		metadataJson: '{"order_id": "A-5002"}',
		additionalFields: {},
	}),
	buildAction('Change product', 'product', 'update', {
		productId: chooseProduct('id', `={{ $('Order').first().json.product ?? '${otherProductId}' }}`),
		simplify: false,
		updateFields: { active: true, description: '', price: 19.5 },
	}),
	buildAction('Create discount', 'discount', 'create', {
		name: 'Spring sale',
		code: 'SPRING-5001',
		valueType: 'fixed',
		value: 5,
		mainProductIds: [productId, otherProductId],
		additionalFields: { active: false, expiration: '2040-01-31T00:00:00' },
	}),
	buildAction('Create webhook', 'webhook', 'create', {
		url: 'https://example.com/pocketsflow',
		events: ['order.completed', 'customer.subscription.updated'],
		additionalFields: { active: false, customEvents: 'review.created, customer.created' },
	}),
	buildAction('Find order', 'order', 'findByMetadata', {
		metadataKey: 'order_id',
		metadataValue: 'A-1004',
		matches: 'all',
		filters: {
			startDate: '={{ $now.minus({ years: 1 }) }}',
			productId: chooseProduct('list', productId, 'Night Garden wallpapers · 9.00 USD · test'),
		},
	}),
	buildAction('List orders', 'order', undefined, { limit: 3, filters: {} }),
	buildAction('List products', 'product', undefined, { returnAll: true, simplify: false }),
]);

/** The webhook trigger in all of its versions, and n8n's own Webhook node with a check of its deliveries. */
function buildReceive(): Workflow {
	const triggers = [
		// Its events as text.
		buildTrigger('Version 1', 1, {
			events: '={{ "order.completed" }}',
			simplify: false,
			options: {},
		}),
		buildTrigger('Version 2', 2, {
			events: ['order.completed', 'order.refunded'],
			options: {
				includeHeaders: true,
				metadataKey: 'order_id',
				metadataValue: 'A-5003',
				productIds: [productId, otherProductId],
				skipRepeated: false,
			},
		}),
		buildTrigger('Separate outputs', 2, {
			events: ['order.refunded', 'order.completed'],
			options: { customEvents: 'review.created', separateOutputs: true },
		}),
		buildNode('Webhook', 'n8n-nodes-base.webhook', 2, {
			httpMethod: 'POST',
			path: 'pocketsflow-delivery',
			options: { rawBody: true },
		}),
	];
	const verification = buildAction(
		'Verify',
		'webhook',
		'verifyDelivery',
		{ simplify: false },
		"By hand, n8n's Webhook",
	);
	const ends = ['Refunded', 'Paid', 'Other'].map((name) =>
		buildNode(name, 'n8n-nodes-base.noOp', 1),
	);
	const connect = (...nodes: string[]) => ({
		main: nodes.map((node) => [{ node, type: 'main', index: 0 }]),
	});
	return {
		name: 'receive',
		nodes: [...triggers, verification, ...ends],
		connections: {
			'Separate outputs': connect('Refunded', 'Paid', 'Other'),
			Webhook: connect('Verify'),
		},
	};
}

/** The polling trigger. */
function buildPoll(): Workflow {
	const trigger = buildPollingTrigger({
		batch: 100,
		headStart: 0,
		lookBack: 48,
		overlap: 60,
		productIds: [productId],
	});
	Object.assign(trigger.parameters, {
		events: ['order.completed', 'customer.subscription.updated'],
		pollTimes: { item: [{ mode: 'everyMinute' }] },
		start: 'date',
		startDate: '2026-01-31T00:00:00',
		simplify: false,
	});
	return { name: 'poll', nodes: [withCredential(trigger)], connections: {} };
}

/** The action node as the tool of an AI agent. */
const agent = {
	...buildAgent(3.1, { id: 'of another n8n', name: 'Stub model' }, [
		withCredential(
			buildTool('Create product', {
				...{ resource: 'product', operation: 'create' },
				name: "={{ $fromAI('name', 'What buyers see', 'string') }}",
				price: "={{ $fromAI('price', 'In major units', 'number') }}",
				additionalFields: { currency: 'USD' },
			}),
		),
		withCredential(
			buildTool('Get product', {
				...{ resource: 'product', operation: 'get' },
				descriptionType: 'manual',
				toolDescription: 'Reads one product by its id',
				productId: chooseProduct('id', "={{ $fromAI('product_id') }}"),
			}),
		),
	]),
	name: 'tool',
};

/** The workflows that are saved with each release. */
export const buildWorkflows = (): Workflow[] =>
	[buildPoll(), buildReceive(), sell, agent].map((workflow) => ({
		...workflow,
		// Side by side, so that each can be clicked.
		nodes: workflow.nodes.map((node, index) => ({ ...node, position: [index * 240, 0] })),
	}));
