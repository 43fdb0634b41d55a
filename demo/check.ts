import axios from 'axios';

import type {
	Execution,
	N8nClient,
	StoredWorkflow,
	WorkflowNode,
} from '../test/harness/n8n/client';
import { readMessage } from '../test/harness/runMain';
import { until } from '../test/harness/until';
import type { Account } from './example-workflows';
import type { ImportedExample } from './import-all';

const executionTimeoutMs = 60_000;

interface Finding {
	text: string;
	failed: boolean;
}

const startsByItself = /\.(manualTrigger|scheduleTrigger)$/;
const isTrigger = ({ type, disabled }: WorkflowNode) =>
	!disabled && (/Trigger$/.test(type) || type === 'n8n-nodes-base.webhook');

/** The triggers that the editor's button starts immediately: those with sample data, and the clock. */
export function listRunnableTriggers({ nodes, pinData = {} }: StoredWorkflow): string[] {
	const runnable = nodes.filter(
		(node) => isTrigger(node) && (startsByItself.test(node.type) || node.name in pinData),
	);
	// What is set up by hand, such as a table, comes first.
	const isManual = ({ type }: WorkflowNode) => type.endsWith('.manualTrigger');
	return runnable
		.sort((one, other) => Number(isManual(other)) - Number(isManual(one)))
		.map(({ name }) => name);
}

const describeFailure = ({ status, error }: Execution) => error?.message ?? status;

async function runOnce(client: N8nClient, id: string, trigger: string): Promise<Finding> {
	const started = await client.runManually(id, trigger);
	if (!('executionId' in started))
		return { text: `${trigger}: did not start, still waiting for an event`, failed: true };
	const execution = await until(
		`the run of "${trigger}" to end`,
		async () => {
			const current = await client.execution(started.executionId);
			return current.stoppedAt !== null && current;
		},
		{ withinMs: executionTimeoutMs },
	);
	if (execution.status === 'success') return { text: `${trigger}: ok`, failed: false };
	return { text: `${trigger}: ${describeFailure(execution)}`, failed: true };
}

async function checkRealEvents(client: N8nClient, { id }: StoredWorkflow): Promise<Finding[]> {
	await client.waitUntilIdle(id);
	const all = (await client.executions(id)).filter(({ mode }) => mode !== 'manual');
	const bad = all.find(({ status }) => status !== 'success');
	if (!bad) return [{ text: `real events handled: ${all.length}`, failed: false }];
	const text = `execution ${bad.id}: ${describeFailure(await client.execution(bad.id))}`;
	return [{ text, failed: true }];
}

async function checkExample(
	client: N8nClient,
	{ workflow: { id, active } }: ImportedExample,
): Promise<Finding[]> {
	const workflow = await client.workflow(id);
	const findings: Finding[] = active ? await checkRealEvents(client, workflow) : [];
	for (const trigger of listRunnableTriggers(workflow)) {
		const failed = (error: unknown): Finding => ({
			text: `${trigger}: ${readMessage(error)}`,
			failed: true,
		});
		findings.push(await runOnce(client, id, trigger).catch(failed));
	}
	if (findings.length > 0) return findings;
	return [{ text: 'has no sample data', failed: true }];
}

/** Makes what time and buyers do to a membership and an order, and waits until all is delivered. */
export async function causeEvents({ baseUrl, apiKey }: Account): Promise<void> {
	const http = axios.create({
		baseURL: baseUrl,
		headers: { authorization: `Bearer ${apiKey}` },
		proxy: false,
	});
	const { data: offers } = await http.get<Array<{ _id: string }>>('/subscriptions');
	const { data: bought } = await http.post<{ membershipIds: string[] }>('/_sandbox/purchases', {
		offerId: offers[0]._id,
		email: 'member@example.com',
		metadata: { order_id: 'CHECK-MEMBER' },
		wait: true,
	});
	for (const action of ['renew', 'fail-payment', 'end']) {
		await http.post(`/_sandbox/memberships/${bought.membershipIds[0]}/${action}`);
		await http.post('/_sandbox/settled');
	}
	const { data: list } = await http.get<{ orders: Array<{ _id: string }> }>('/orders');
	await http.post('/refunds', { orderId: list.orders[0]._id });
	await http.post('/_sandbox/settled');
}

/** Runs every example, prints a line about each, and says whether all went well. */
export async function checkExamples(
	client: N8nClient,
	imported: ImportedExample[],
): Promise<boolean> {
	let failures = 0;
	for (const one of imported) {
		const startedAtMs = Date.now();
		const findings = await checkExample(client, one);
		const failed = findings.some((finding) => finding.failed);
		const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(5);
		const texts = findings.map(({ text }) => text).join('; ');
		console.log(`${failed ? 'FAILED' : 'passed'} ${seconds} s  ${one.workflow.name}  (${texts})`);
		if (failed) failures += 1;
	}
	console.log(`${imported.length - failures} of ${imported.length} examples passed.`);
	return failures === 0;
}
